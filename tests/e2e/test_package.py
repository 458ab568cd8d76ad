"""The Debian package, which tests/matrix installs and uses, and the files for other systems that tools/release writes.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import re
import shutil
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


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """Function: {name: text} of the files for other systems, of a project with this homepage and place of releases."""
    if not shutil.which("git") or not (harness.TOP / ".git").exists():
        pytest.skip("tools/release makes an archive of a commit, and this is no checkout")

    def make(homepage, releases):
        folder = tmp_path_factory.mktemp("release")
        subprocess.run(["git", "clone", "-q", harness.TOP, folder / "src"], check=True)
        project = folder / "src" / "packaging" / "project"
        text = re.sub(r"(?m)^homepage=.*", f"homepage={homepage}", project.read_text(encoding="utf-8"))
        project.write_text(re.sub(r"(?m)^releases=.*", f"releases={releases}", text), encoding="utf-8")
        git = ["git", "-C", folder / "src", "-c", "user.name=T", "-c", "user.email=t@example.org"]
        subprocess.run([*git, "commit", "-qam", "Addresses", "--allow-empty"], check=True)
        made = subprocess.run([folder / "src" / "tools" / "release", "--build", harness.BUILD, folder / "out"],
                              text=True, capture_output=True)
        assert made.returncode == 0, made.stderr
        names = ["nlm-health-wireshark.spec", "PKGBUILD", "nlm-health-wireshark.rb"]
        return {name: (folder / "out" / name).read_text(encoding="utf-8") for name in names if (folder / "out" / name).exists()}

    return make


def test_release_says_nothing_of_what_is_not_known(release):
    files = release("", "")
    assert set(files) == {"nlm-health-wireshark.spec", "PKGBUILD"}
    for name, text in files.items():
        assert not re.search(r"(?i)^url|@\w+@|://|\.git\b", text, re.M), name
        assert re.search(r"(?m)^(?:Source0: +|source=\(')nlm-health-[0-9.]+\.tar\.gz", text), name


def test_release_says_what_is_known(release):
    files = release("https://example.org/nlm", "https://example.org/files")
    assert len(files) == 3
    for name, text in files.items():
        assert "https://example.org/nlm" in text and not re.search(r"@\w+@", text), name
        assert re.search(r"https://example\.org/files/nlm-health-[0-9.]+\.tar\.gz", text), name
