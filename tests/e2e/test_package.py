"""The Debian package; tests/matrix installs and uses it.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import re
import subprocess

import pytest

import harness


@pytest.fixture(scope="module")
def package():
    """Path of a package made of the build."""
    if not (harness.BUILD / "CPackConfig.cmake").exists():
        pytest.skip("dpkg-dev was not there when the build was configured")
    made = subprocess.run(["cmake", "--build", str(harness.BUILD), "--target", "package"], text=True, capture_output=True)
    assert made.returncode == 0, made.stdout + made.stderr
    return re.search(r"package: (\S+\.deb) generated", made.stdout).group(1)


def test_package_has_plugin_profiles_and_documentation(lab, package):
    listed = subprocess.run(["dpkg-deb", "--contents", package], text=True, capture_output=True, check=True).stdout
    files = {line.split(None, 5)[5] for line in listed.splitlines() if not line.startswith("d")}
    assert any(re.fullmatch(rf"\./usr/lib/.*wireshark/plugins/{re.escape(lab.version)}/epan/nlm_health\.so", file) for file in files)
    profiles = [path for path in harness.TOP.glob("profiles/*/*")]
    assert profiles and {f"./usr/share/wireshark/profiles/{path.parent.name}/{path.name}" for path in profiles} <= files
    documents = ["README.md", "README.zh.md", "copyright", "changelog.gz", "docs/findings.md", "docs/nlm_health.schema.json"]
    assert {f"./usr/share/doc/nlm-health-wireshark/{name}" for name in documents} <= files
    assert re.findall(r"^\S+ (?!root/root)", listed, re.M) == []


def test_package_belongs_to_one_series(lab, package):
    def field(name):
        return subprocess.run(["dpkg-deb", "--field", package, name], text=True, capture_output=True, check=True).stdout
    assert re.search(r"\blibwireshark\d+", field("Depends"))
    assert field("Version").strip().endswith(f"+wireshark{lab.version}")
    assert f"wireshark{lab.version}_" in package
