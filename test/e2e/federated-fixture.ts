import type { Page } from 'playwright-core'
import { type GitHubUser, githubUser, startGitHub, type TestGitHub } from '../support/upstream/github.ts'
import { type OpenIdProvider, startOpenIdProvider, type UpstreamAccount } from '../support/upstream/openid.ts'
import { type E2eFixture, type E2eOptions, openE2eFixture } from './e2e-fixture.ts'
import { heading, press } from './steps.ts'

/** The fixture of e2e tests where people can also sign in with GitHub and with Google, each a server of its own. */
export interface FederatedFixture extends E2eFixture {
  github: TestGitHub
  google: OpenIdProvider
}

export async function openFederatedFixture(options: E2eOptions = {}): Promise<FederatedFixture> {
  const [github, google] = await Promise.all([
    startGitHub(),
    startOpenIdProvider({ authMethod: 'client_secret_post', claimsInIdToken: true }),
  ])
  github.users.clear()
  google.accounts = []
  const e2e = await openE2eFixture({
    ...options,
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
  github.setCallback(`${e2e.latchkey.issuer}/api/auth/oauth/github/callback`)
  google.setCallback(`${e2e.latchkey.issuer}/api/auth/oauth/google/callback`)
  return {
    ...e2e,
    github,
    google,
    async close() {
      await e2e.close()
      await Promise.all([github.stop(), google.stop()])
    },
  }
}

let ids = 1000

/** Makes an account at GitHub; its address is `login@example.com`, proven, unless `rest` says otherwise. */
export function joinGitHub(
  { github }: FederatedFixture,
  login: string,
  rest: Partial<GitHubUser> = {},
): void {
  github.users.set(login, githubUser(++ids, login, rest))
}

/** Makes an account at Google, which has no name for it but an address at gmail.example. */
export function joinGoogle(
  { google }: FederatedFixture,
  name: string,
  rest: Partial<UpstreamAccount> = {},
): void {
  google.accounts.push({ sub: name, email: `${name}@gmail.example`, email_verified: true, ...rest })
}

/** On a page of ours with the button, over GitHub, and back. */
export async function throughGitHub(page: Page, login: string): Promise<void> {
  await press(page, 'Continue with GitHub')
  await atGitHub(page, login)
}

export async function atGitHub(page: Page, login: string): Promise<void> {
  await heading(page, 'Sign in to GitHub')
  await press(page, `Continue as ${login}`)
}

/** On a page of ours with the button, over Google, and back. */
export async function throughGoogle(page: Page, name: string): Promise<void> {
  await press(page, 'Continue with Google')
  await atGoogle(page, name)
}

export async function atGoogle(page: Page, name: string): Promise<void> {
  await heading(page, 'Sign in upstream')
  await press(page, `Continue as ${name}`)
}
