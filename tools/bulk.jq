# Results of tools/capture_json as the body of a _bulk request (docs/at-scale.md):  cat RESULT... | jq -ncf tools/bulk.jq
#
# A document for each incident, for each capture without any, and for each that could not be read, or not to its end; their
# fields are in docs/opensearch-mapping.json. The same capture gives the same _id: sent twice, it is there once.
#
# SPDX-License-Identifier: GPL-2.0-or-later

def documents:
    . as {$file, $error, $story}
    | {$file, wireshark: $story.nlm_health.wireshark, version: $story.nlm_health.version, capture: $story.capture}
    | (. + {result: "incident", error: null} + $story.incidents[]? | .["@timestamp"] = .start),
      if $error != null then .result = "error"
      elif $story.incidents == [] then
          .result = (.capture | if .lock_traffic then "no incident" elif .frames > 0 then "no lock traffic" else "no packets" end)
      else empty end
    | .error = if .result == "error" then $error else null end
    | .["@timestamp"] //= .capture.first;

inputs | documents | {index: {_id: "\(.file)#\(.id // 0)"}}, .
