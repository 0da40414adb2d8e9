import { described } from '../shared/locales/described.ts'
import { t } from '../shared/locales/texts.ts'
import { type Case, filled } from './rejection.ts'

interface Software {
  name: string
  /** How its token requests name themselves; some do not say what they are. */
  agent?: RegExp
  /** What people call a client of it. */
  called: RegExp
  /** What to write, or why nothing helps. Tried, or in its own documentation, in November 2026. */
  way: string
}

/** HTTP libraries that several write their requests with: allauth 65.22.1, mozilla-django-oidc 5.0.2; both of Passport. */
const REQUESTS = /^python-requests\//i
const NODE_OAUTH = /^node-oauth$/i

/** How PKCE is switched on, by library and program. What does it by itself has no row. */
const SOFTWARE: readonly Software[] = [
  {
    name: 'Authlib',
    agent: /^authlib\//i,
    called: /authlib|flask/i,
    way: "client_kwargs={'code_challenge_method': 'S256', 'scope': 'openid profile email'}",
  },
  {
    name: 'social-auth-core',
    agent: /^social-auth-/i,
    called: /social.?auth/i,
    way: 'SOCIAL_AUTH_OIDC_USE_PKCE = True (in the place of OIDC the name of your backend)',
  },
  {
    name: 'django-allauth',
    agent: REQUESTS,
    called: /allauth/i,
    way: "'OAUTH_PKCE_ENABLED': True, beside APPS in SOCIALACCOUNT_PROVIDERS['openid_connect']",
  },
  {
    name: 'mozilla-django-oidc',
    agent: REQUESTS,
    called: /mozilla|django-oidc/i,
    way: 'OIDC_USE_PKCE = True (from 4.0 on)',
  },
  {
    name: 'Spring Security before 7',
    agent: /^java\//i,
    called: /spring/i,
    way: 'resolver.setAuthorizationRequestCustomizer(OAuth2AuthorizationRequestCustomizers.withPkce()); Spring Boot 4 needs nothing',
  },
  {
    name: 'passport-openidconnect',
    agent: NODE_OAUTH,
    called: /passport/i,
    way: 'it cannot (0.1.2); let it send its nonce, or take openid-client, which has a strategy for Passport',
  },
  {
    name: 'passport-oauth2',
    agent: NODE_OAUTH,
    called: /passport/i,
    way: 'pkce: true, state: true in the options of the strategy',
  },
  {
    name: 'omniauth_openid_connect',
    agent: /^(rack::oauth2|openidconnect) \(/i,
    called: /omniauth|gitlab/i,
    way: 'pkce: true in the options; gitlab-omniauth-openid-connect 0.10.0 ignores it and has none',
  },
  {
    name: 'Gitea',
    called: /gitea|forgejo/i,
    way: 'it cannot (1.26.0), and sends no nonce: its client needs pkce optional, “Not asked for” in the console',
  },
  { name: 'Grafana', called: /grafana/i, way: 'use_pkce = true in [auth.generic_oauth]' },
  { name: 'Argo CD', called: /\bargo ?-?cd\b/i, way: 'enablePKCEAuthentication: true in oidc.config' },
  {
    name: 'oauth2-proxy',
    agent: /^oauth2-proxy/i,
    called: /oauth2.?proxy/i,
    way: 'code_challenge_method = "S256"',
  },
  {
    name: 'golang.org/x/oauth2',
    called: /\bgolang\b|\bgo (app|service|client|server)\b/i,
    way: 'AuthCodeURL(…, oauth2.S256ChallengeOption(verifier)) and Exchange(…, oauth2.VerifierOption(verifier))',
  },
]

const ANY = 'Switch PKCE on in the OAuth library, with S256; current ones do it by themselves.'

/**
 * What to write to switch PKCE on, in software that is known here: by what the request says of itself, else by what the client is
 * called. Where several say the same of themselves, the client's name decides, or else each is told.
 */
export function pkceLine(agent: string | undefined, clientName: string | undefined): string | undefined {
  const found = softwareOf(agent, clientName)
  return found.length === 0 ? undefined : found.map(({ name, way }) => `In ${name}: ${way}.`).join(' ')
}

function softwareOf(agent: string | undefined, clientName: string | undefined): readonly Software[] {
  const isCalled = ({ called }: Software) => clientName !== undefined && called.test(clientName)
  const saying = SOFTWARE.filter((each) => agent !== undefined && each.agent?.test(agent))
  const both = saying.filter(isCalled)
  return both.length > 0 ? both : saying.length > 0 ? saying : SOFTWARE.filter(isCalled)
}

const START = 'admin.rejection_rules.software.'

/** What is code alone is written so in every language. */
const isCode = ({ way }: Software): boolean => way.includes('{')

/** The ways in words, for the check of catalogues. */
export const softwareTexts = (): Record<string, string> =>
  Object.fromEntries([
    [`${START}any`, ANY],
    ...SOFTWARE.filter((each) => !isCode(each)).map(({ name, way }) => [`${START}${name}`, way]),
  ])

/** The same in the language of the console, or what is so of any software. */
const way = ({ details, client }: Case): string => {
  const found = softwareOf(details.user_agent, client?.client_name)
  if (found.length === 0) return described(`${START}any`, ANY)
  return found
    .map((each) => {
      const words = isCode(each) ? each.way : described(`${START}${each.name}`, each.way)
      return t('admin.rejections.said.software', { name: each.name, way: words })
    })
    .join(' ')
}

/** How PKCE is switched on, for the words of a rule. */
export const pkceWay = filled('{way}', (rejection) => ({ way: way(rejection) }))
