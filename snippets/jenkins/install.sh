jenkins-plugin-cli --plugins oic-auth configuration-as-code
