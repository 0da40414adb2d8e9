import type { LookUpTxt } from '../../src/organizations/domains/dns.ts'
import type { Clock } from '../../src/shared/clock.ts'
import { createHttpBrowser, type HttpBrowser } from '../support/flow.ts'
import { type Engine, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { discover, type RelyingParty } from '../support/relying-party.ts'
import { startGitHub, type TestGitHub } from '../support/upstream/github.ts'
import { type OpenIdProvider, startOpenIdProvider } from '../support/upstream/openid.ts'

/** Latchkey with GitHub, Google and one more OpenID provider in front of it, each a server of its own. */
export interface FederationFixture {
  latchkey: Latchkey
  github: TestGitHub
  /** From the environment, as GOOGLE_ISSUER. */
  google: OpenIdProvider
  /** Stored, with the id `okta`. */
  okta: OpenIdProvider
  /** A browser without scripts that stops where the app would take over. */
  browser(): HttpBrowser
  /** A registered app and an authorization request of it. */
  app(
    metadata?: Record<string, unknown>,
  ): Promise<{ party: RelyingParty; redirectUri: string; clientId: string }>
  /** Log lines of federation events and failures. */
  said(event: string): Record<string, unknown>[]
  stop(): Promise<void>
}

export const CALLBACK = 'http://127.0.0.1:9/callback'

export async function openFederation(
  options: {
    engine?: Engine
    env?: Record<string, string>
    okta?: Record<string, unknown>
    clock?: Clock
    lookUpTxt?: LookUpTxt
    background?: boolean
  } = {},
): Promise<FederationFixture> {
  const [github, google, okta] = await Promise.all([
    startGitHub(),
    startOpenIdProvider({ authMethod: 'client_secret_post', claimsInIdToken: true }),
    startOpenIdProvider({ alg: 'ES256', backChannelLogout: true }),
  ])
  const latchkey = await startLatchkey({
    ...(options.engine && { engine: options.engine }),
    ...(options.clock && { clock: options.clock }),
    ...(options.lookUpTxt && { lookUpTxt: options.lookUpTxt }),
    ...(options.background === false && { background: false }),
    env: {
      GITHUB_CLIENT_ID: github.clientId,
      GITHUB_CLIENT_SECRET: github.clientSecret,
      GITHUB_URL: github.url,
      GITHUB_API_URL: github.apiUrl,
      GOOGLE_CLIENT_ID: google.clientId,
      GOOGLE_CLIENT_SECRET: google.clientSecret ?? '',
      GOOGLE_ISSUER: google.issuer,
      ...options.env,
    },
  })
  const at = (id: string) => `${latchkey.issuer}/api/auth/oauth/${id}/callback`
  github.setCallback(at('github'))
  google.setCallback(at('google'))
  okta.setCallback(at('okta'), `${latchkey.issuer}/api/auth/oauth/okta/backchannel-logout`)
  await latchkey.services.providers.add({
    id: 'okta',
    kind: 'oidc',
    name: 'Okta',
    client_id: okta.clientId,
    client_secret: okta.clientSecret,
    settings: { issuer: okta.issuer },
    ...options.okta,
  })
  return {
    latchkey,
    github,
    google,
    okta,
    browser: () => createHttpBrowser({ stopAt: [CALLBACK] }),
    async app(metadata = {}) {
      const client = await latchkey.createClient({ first_party: true, ...metadata })
      const party = await discover({
        issuer: latchkey.issuer,
        clientId: client.client_id,
        auth: { method: 'client_secret_basic', secret: client.client_secret ?? '' },
        redirectUri: client.redirect_uri,
      })
      return { party, redirectUri: client.redirect_uri, clientId: client.client_id }
    },
    said: (event) =>
      latchkey.log
        .map((line) => JSON.parse(line))
        .filter((line) => line.event === event || line.msg === event),
    async stop() {
      await latchkey.stop()
      await Promise.all([github.stop(), google.stop(), okta.stop()])
    },
  }
}
