# Results of tools/capture_json as one table of incidents (docs/at-scale.md):  cat RESULT... | jq -nrf tools/incidents.jq
#
# A row for each incident, for each capture without any, and for each that could not be read, or not to its end.
#
# SPDX-License-Identifier: GPL-2.0-or-later

def columns: ["client", "server", "service", "cause", "side", "confidence", "start", "end", "duration"];

def rows:
    . as {$file, $error, $story}
    | ($story.incidents[]? | [$file, "incident \(.id)", .[columns[]], (.calls | length), .summary]),
      if $error != null then [$file, "error", (columns | map("")[]), "", $error]
      elif $story.incidents == [] then
          [$file, ($story.capture | if .lock_traffic then "no incident" elif .frames > 0 then "no lock traffic" else "no packets" end),
           (columns | map("")[]), "", ""]
      else empty end;

["file", "result", columns[], "calls", "summary"], (inputs | rows) | @tsv
