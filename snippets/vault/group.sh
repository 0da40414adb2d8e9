accessor="$(vault auth list -format=json | jq -r '."oidc/".accessor')"
group="$(vault write -field=id identity/group name=engineers type=external policies=engineers)"
vault write identity/group-alias name=engineers mount_accessor="$accessor" canonical_id="$group"
