import { expect, test } from 'vitest'
import { parse } from 'yaml'
import {
  presetLines,
  presetOf,
  presetRegistration,
  presets,
} from '../../src/admin/console/snippets/preset.ts'

/**
 * What the products document of themselves, read in their documentation and not in the presets: where they come back to, the settings that
 * they have, and where they look for what. test/connect/presets.test.ts signs a person in and finds it there.
 */
const ISSUER = 'https://id.example'
const ID = 'the-client'
const SECRET = 'the-secret'

interface Lines {
  /** The text of a part, by a word of its label. */
  part(word: string): string
  redirects: readonly string[]
  scopes: string[]
}

function lines(id: string): Lines {
  const stack = presetOf(id)
  const registered = presetRegistration(stack, stack.preset.url ?? '')
  const client = { client_id: ID, ...registered }
  const parts = presetLines(stack, ISSUER, client, SECRET)
  return {
    part: (word) => {
      const found = parts.filter(({ label }) => label.includes(word))
      expect(found.map(({ label }) => label)).toHaveLength(1)
      return found[0]?.text ?? ''
    },
    redirects: registered.redirect_uris,
    scopes: registered.scope.split(' '),
  }
}

/** `key = value` by section; what follows a semicolon or number sign in a line of its own is none. */
const iniOf = (text: string): Record<string, string> => {
  let section = ''
  return Object.fromEntries(
    text.split('\n').flatMap((line) => {
      if (line.startsWith('[')) section = `${line.slice(1, -1)}.`
      const [, key, value = ''] = /^(\w+)\s*=\s*(.*)$/.exec(line) ?? []
      return key === undefined ? [] : [[`${section}${key}`, value]]
    }),
  )
}

/** `--name value` and `--name=value` of commands, without quotation marks. */
const optionsOf = (text: string): Record<string, string> =>
  Object.fromEntries(
    [...text.matchAll(/--([\w-]+)(?:=|\s+)'?([^'\s\\]*(?: [^'\\-][^'\\]*)*)'?/g)].map(([, name, value]) => [
      name,
      value,
    ]),
  )

/** The JSON that a command is given. */
const jsonIn = (text: string, from: string, to: string): Record<string, unknown> =>
  JSON.parse(text.slice(text.indexOf(from) + from.length, text.lastIndexOf(to)))

type Place = 'id_token' | 'userinfo'
const either: Place[] = ['id_token', 'userinfo']

interface Documented {
  /** Its documentation. */
  at: string
  /** Where it comes back to. */
  redirects: string[]
  /** Where it looks for a claim, the first place first. */
  places: Record<string, Place[]>
  /** Its settings, as it reads them. */
  settings(given: Lines): void
}

const PROXY: Pick<Documented, 'at' | 'redirects' | 'places'> = {
  at: 'https://oauth2-proxy.github.io/oauth2-proxy/configuration/overview',
  redirects: ['https://app.example/oauth2/callback'],
  places: { sub: ['id_token'], email: either, preferred_username: either, groups: either },
}
/** Options that can be given more often than once are plural in the file. Groups are looked for in `groups`, unless oidc_groups_claim says otherwise. */
function proxySettings({ part, scopes }: Lines): void {
  const settings = iniOf(part('oauth2-proxy.cfg'))
  expect(settings).toMatchObject({
    ...{ provider: '"oidc"', oidc_issuer_url: `"${ISSUER}"`, client_id: `"${ID}"` },
    ...{ redirect_url: '"https://app.example/oauth2/callback"', scope: `"${scopes.join(' ')}"` },
    ...{ code_challenge_method: '"S256"', email_domains: '["*"]', cookie_secure: 'true' },
  })
  expect(settings).not.toHaveProperty('oidc_groups_claim')
  // 16, 24 or 32 bytes.
  expect(part('Run')).toContain('OAUTH2_PROXY_COOKIE_SECRET="$(openssl rand -hex 16)"')
  expect(part('Run')).toContain(`OAUTH2_PROXY_CLIENT_SECRET='${SECRET}'`)
}
/** Of a proxy in front, which asks it. */
const behindProxy = (given: Lines) =>
  expect(iniOf(given.part('oauth2-proxy.cfg'))).toMatchObject({
    ...{ reverse_proxy: 'true', set_xauthrequest: 'true', upstreams: '["static://202"]' },
  })

const DOCUMENTED: Record<string, Documented> = {
  gitea: {
    at: 'https://docs.gitea.com/administration/command-line#admin',
    // “/user/oauth2/<Authentication Name>/callback”
    redirects: ['https://git.example/user/oauth2/latchkey/callback'],
    places: {
      sub: ['userinfo', 'id_token'],
      preferred_username: ['userinfo', 'id_token'],
      email: ['userinfo', 'id_token'],
      groups: ['userinfo', 'id_token'],
    },
    settings({ part }) {
      expect(optionsOf(part('Once'))).toMatchObject({
        ...{ name: 'latchkey', provider: 'openidConnect', key: ID, secret: SECRET },
        'auto-discover-url': `${ISSUER}/.well-known/openid-configuration`,
        ...{ 'group-claim-name': 'groups', 'admin-group': 'gitea-admins' },
      })
      // An option for each scope beside openid.
      expect([...part('Once').matchAll(/--scopes (\w+)/g)].map(([, scope]) => scope).sort()).toEqual([
        'email',
        'groups',
        'profile',
      ])
      expect(iniOf(part('app.ini'))).toMatchObject({
        'oauth2_client.ENABLE_AUTO_REGISTRATION': 'true',
        'oauth2_client.USERNAME': 'preferred_username',
      })
    },
  },
  grafana: {
    at: 'https://grafana.com/docs/grafana/latest/setup-grafana/configure-access/configure-authentication/generic-oauth/',
    redirects: ['https://grafana.example/login/generic_oauth'],
    places: { preferred_username: either, name: either, email: either, groups: either },
    settings({ part, scopes }) {
      expect(iniOf(part('grafana.ini'))).toMatchObject({
        'server.root_url': 'https://grafana.example/',
        'auth.generic_oauth.enabled': 'true',
        'auth.generic_oauth.client_id': ID,
        'auth.generic_oauth.scopes': scopes.join(' '),
        'auth.generic_oauth.auth_url': `${ISSUER}/authorize`,
        'auth.generic_oauth.token_url': `${ISSUER}/token`,
        // “the resource that returns OpenID UserInfo compatible information”
        'auth.generic_oauth.api_url': `${ISSUER}/userinfo`,
        'auth.generic_oauth.use_pkce': 'true',
        'auth.generic_oauth.auth_style': 'InHeader',
        'auth.generic_oauth.login_attribute_path': 'preferred_username',
        'auth.generic_oauth.groups_attribute_path': 'groups',
        // JMESPath that gives one of Viewer, Editor, Admin.
        'auth.generic_oauth.role_attribute_path': expect.stringMatching(
          /^contains\(groups\[\*\], '[\w-]+'\) && 'Admin' \|\| .* && 'Editor' \|\| 'Viewer'$/,
        ),
      })
    },
  },
  'argo-cd': {
    at: 'https://argo-cd.readthedocs.io/en/stable/operator-manual/user-management/#existing-oidc-provider',
    redirects: ['https://argocd.example/auth/callback'],
    places: { sub: ['id_token'], name: ['id_token'], email: ['id_token'], groups: ['id_token'] },
    settings({ part, scopes }) {
      const { data } = parse(part('argocd-cm'))
      expect(data.url).toBe('https://argocd.example')
      expect(parse(data['oidc.config'])).toMatchObject({
        ...{ issuer: ISSUER, clientID: ID, enablePKCEAuthentication: true, requestedScopes: scopes },
        // A key of argocd-secret.
        clientSecret: '$oidc.latchkey.clientSecret',
      })
      expect(part('secret')).toContain(`{"stringData":{"oidc.latchkey.clientSecret":"${SECRET}"}}`)
      expect(parse(part('argocd-rbac-cm')).data.scopes).toBe('[groups]')
    },
  },
  kubernetes: {
    at: 'https://kubernetes.io/docs/reference/access-authn-authz/authentication/#using-authentication-configuration',
    redirects: ['http://127.0.0.1/callback'],
    places: { sub: ['id_token'], preferred_username: ['id_token'], groups: ['id_token'] },
    settings({ part, scopes }) {
      const file = parse(part('--authentication-config'))
      expect(file).toMatchObject({
        apiVersion: 'apiserver.config.k8s.io/v1',
        kind: 'AuthenticationConfiguration',
        jwt: [
          {
            issuer: { url: ISSUER, audiences: [ID] },
            claimMappings: {
              username: { claim: 'sub', prefix: 'latchkey:' },
              groups: { claim: 'groups', prefix: 'latchkey:' },
            },
          },
        ],
      })
      expect(optionsOf(part('flags of kube-apiserver'))).toEqual({
        'oidc-issuer-url': ISSUER,
        'oidc-client-id': ID,
        'oidc-username-claim': 'sub',
        'oidc-username-prefix': 'latchkey:',
        'oidc-groups-claim': 'groups',
        'oidc-groups-prefix': 'latchkey:',
      })
      // kubelogin asks for openid by itself.
      const asked = [...part('oidc-login').matchAll(/--oidc-extra-scope=(\w+)/g)].map(([, scope]) => scope)
      expect(['openid', ...asked].sort()).toEqual([...scopes].sort())
      expect(part('oidc-login')).toContain('--oidc-pkce-method=S256')
    },
  },
  vault: {
    at: 'https://developer.hashicorp.com/vault/docs/auth/jwt',
    redirects: [
      'https://vault.example:8200/ui/vault/auth/oidc/oidc/callback',
      'http://localhost:8250/oidc/callback',
    ],
    places: { sub: either, email: either, preferred_username: either, groups: either },
    settings({ part, redirects, scopes }) {
      const text = part('sys/auth')
      expect(text).toContain(`oidc_discovery_url='${ISSUER}'`)
      expect(text).toContain(`oidc_client_id='${ID}'`)
      expect(text).toContain(`oidc_client_secret='${SECRET}'`)
      const role = jsonIn(text, "<<'EOF'\n", '\nEOF')
      expect(role).toMatchObject({
        ...{ role_type: 'oidc', user_claim: 'sub', groups_claim: 'groups' },
        allowed_redirect_uris: redirects,
        // openid is asked for in any case.
        oidc_scopes: scopes.filter((scope) => scope !== 'openid'),
      })
    },
  },
  gitlab: {
    at: 'https://docs.gitlab.com/administration/auth/oidc/',
    redirects: ['https://gitlab.example/users/auth/openid_connect/callback'],
    places: { sub: either, name: either, email: either, groups: either },
    settings({ part, redirects, scopes }) {
      const text = part('gitlab.rb')
      // “do not change this parameter”, twice.
      expect(text.match(/name: 'openid_connect',/g)).toHaveLength(2)
      for (const line of [
        `scope: [${scopes.map((scope) => `"${scope}"`).join(', ')}],`,
        "response_type: 'code',",
        `issuer: '${ISSUER}',`,
        'discovery: true,',
        "client_auth_method: 'basic',",
        "uid_field: 'sub',",
        'pkce: true,',
        `identifier: '${ID}',`,
        `secret: '${SECRET}',`,
        "gitlab: { groups_attribute: 'groups', admin_groups: [",
        `redirect_uri: '${redirects[0]}'`,
      ])
        expect(text).toContain(line)
    },
  },
  nextcloud: {
    at: 'https://github.com/nextcloud/user_oidc#readme',
    redirects: [
      'https://cloud.example/apps/user_oidc/code',
      'https://cloud.example/index.php/apps/user_oidc/code',
    ],
    places: { sub: ['id_token'], name: ['id_token'], email: ['id_token'], groups: ['id_token'] },
    settings({ part, scopes }) {
      const [, provider = ''] =
        /user_oidc:provider latchkey([\s\S]*?)\n(?:php|$)/.exec(part('Nextcloud')) ?? []
      expect(optionsOf(provider)).toEqual({
        clientid: ID,
        clientsecret: SECRET,
        discoveryuri: `${ISSUER}/.well-known/openid-configuration`,
        scope: scopes.join(' '),
        'unique-uid': '0',
        'group-provisioning': '1',
        'mapping-groups': 'groups',
        'mapping-uid': 'sub',
        'mapping-display-name': 'name',
        'mapping-email': 'email',
      })
    },
  },
  'oauth2-proxy': { ...PROXY, settings: proxySettings },
  nginx: {
    ...PROXY,
    settings(given) {
      proxySettings(given)
      behindProxy(given)
      const text = given.part('nginx.conf')
      expect(text).toMatch(/auth_request \/oauth2\/auth;\n\s*error_page 401 = \/oauth2\/sign_in;/)
      expect(text).toMatch(/location = \/oauth2\/auth \{\n\s*internal;/)
    },
  },
  traefik: {
    ...PROXY,
    settings(given) {
      proxySettings(given)
      behindProxy(given)
      const { routers, middlewares } = parse(given.part('Traefik')).http
      expect(routers.app.middlewares).toEqual(['latchkey'])
      expect(routers['sign-in'].rule).toContain('PathPrefix(`/oauth2/`)')
      expect(middlewares.latchkey.forwardAuth).toMatchObject({
        address: 'http://127.0.0.1:4180/',
        authResponseHeaders: ['X-Auth-Request-Preferred-Username', 'X-Auth-Request-Email'],
      })
    },
  },
  caddy: {
    ...PROXY,
    settings(given) {
      proxySettings(given)
      behindProxy(given)
      const text = given.part('Caddyfile')
      expect(text).toMatch(/^https:\/\/app\.example \{/)
      expect(text).toMatch(/forward_auth 127\.0\.0\.1:4180 \{\n\s*uri \/oauth2\/auth\n/)
      expect(text).toContain('handle /oauth2/* {')
    },
  },
  proxmox: {
    at: 'https://pve.proxmox.com/wiki/User_Management#pveum_openid',
    redirects: ['https://pve.example:8006'],
    places: { sub: ['id_token'], email: either, groups: either },
    settings({ part, scopes }) {
      expect(part('node')).toContain('pveum realm add latchkey')
      expect(optionsOf(part('node'))).toEqual({
        type: 'openid',
        'issuer-url': ISSUER,
        'client-id': ID,
        'client-key': SECRET,
        scopes: scopes.join(' '),
        'groups-claim': 'groups',
        'groups-autocreate': '1',
        'groups-overwrite': '1',
        // Its word for `sub`; it cannot be changed later.
        'username-claim': 'subject',
        autocreate: '1',
      })
    },
  },
  jenkins: {
    at: 'https://github.com/jenkinsci/oic-auth-plugin/blob/master/docs/configuration/README.md',
    redirects: ['https://jenkins.example/securityRealm/finishLogin'],
    places: { sub: either, preferred_username: either, name: either, email: either, groups: either },
    settings({ part, scopes }) {
      const { jenkins, unclassified } = parse(part('jenkins.yaml'))
      expect(jenkins.securityRealm.oic).toEqual({
        clientId: ID,
        clientSecret: expect.stringMatching(/\$\{LATCHKEY_CLIENT_SECRET\}|the-secret/),
        serverConfiguration: {
          wellKnown: {
            wellKnownOpenIDConfigurationUrl: `${ISSUER}/.well-known/openid-configuration`,
            // Else it asks for all that there are.
            scopesOverride: scopes.join(' '),
          },
        },
        ...{ userNameField: 'preferred_username', fullNameFieldName: 'name', emailFieldName: 'email' },
        ...{ groupsFieldName: 'groups', pkceEnabled: true, logoutFromOpenidProvider: true },
        postLogoutRedirectUrl: expect.stringMatching(/^https:\/\/jenkins\.example\//),
      })
      expect(unclassified.location.url).toBe('https://jenkins.example/')
    },
  },
  immich: {
    at: 'https://docs.immich.app/administration/oauth',
    redirects: [
      'https://photos.example/auth/login',
      'https://photos.example/user-settings',
      'app.immich:///oauth-callback',
    ],
    places: {
      sub: ['userinfo'],
      name: ['userinfo'],
      email: ['userinfo'],
      preferred_username: ['userinfo'],
    },
    settings({ part, scopes }) {
      expect(JSON.parse(part('oauth')).oauth).toMatchObject({
        ...{ enabled: true, issuerUrl: ISSUER, clientId: ID, clientSecret: SECRET },
        ...{ tokenEndpointAuthMethod: 'client_secret_basic', scope: scopes.join(' ') },
        storageLabelClaim: 'preferred_username',
      })
    },
  },
  jellyfin: {
    at: 'https://github.com/9p4/jellyfin-plugin-sso#readme',
    redirects: [
      'https://jellyfin.example/sso/OID/redirect/latchkey',
      'https://jellyfin.example/sso/OID/r/latchkey',
    ],
    places: { sub: either, preferred_username: either, groups: either },
    settings({ part, scopes }) {
      const text = part('API key')
      expect(text).toContain('https://jellyfin.example/sso/OID/Add/latchkey?api_key=')
      expect(jsonIn(text, "-d '", "'")).toMatchObject({
        ...{ oidEndpoint: ISSUER, oidClientId: ID, oidSecret: SECRET, enabled: true },
        // openid is asked for in any case.
        oidScopes: scopes.filter((scope) => scope !== 'openid'),
        ...{ enableAuthorization: true, roleClaim: 'groups', adminRoles: ['jellyfin-admins'] },
        ...{ roles: ['jellyfin-users', 'jellyfin-admins'], defaultUsernameClaim: 'preferred_username' },
      })
    },
  },
  outline: {
    at: 'https://docs.getoutline.com/s/hosting/doc/oidc-8CPBm6uC0I',
    redirects: ['https://wiki.example/auth/oidc.callback'],
    places: {
      sub: ['userinfo', 'id_token'],
      name: ['userinfo'],
      email: ['userinfo', 'id_token'],
      preferred_username: ['userinfo', 'id_token'],
    },
    settings({ part, scopes }) {
      expect(iniOf(part('.env'))).toMatchObject({
        ...{ URL: 'https://wiki.example', OIDC_ISSUER_URL: ISSUER, OIDC_CLIENT_ID: ID },
        ...{ OIDC_CLIENT_SECRET: SECRET, OIDC_USERNAME_CLAIM: 'preferred_username' },
        OIDC_SCOPES: scopes.join(' '),
        OIDC_LOGOUT_URI: expect.stringContaining(`${ISSUER}/logout?`),
      })
    },
  },
}

test('no preset is without its documented lines', () => {
  expect(
    presets()
      .map(({ id }) => id)
      .sort(),
  ).toEqual(Object.keys(DOCUMENTED).sort())
})

test.each(Object.entries(DOCUMENTED))(
  '%s: its lines are what its documentation asks for',
  (id, documented) => {
    const given = lines(id)
    expect(given.redirects, documented.at).toEqual(documented.redirects)
    expect(presetOf(id).preset.reads, documented.at).toEqual(documented.places)
    const groups = 'groups' in documented.places
    expect(given.scopes.includes('groups')).toBe(groups)
    documented.settings(given)
  },
)
