import type { BrowserPage, HttpBrowser } from '../support/flow.ts'
import { type GitHubUser, githubUser } from '../support/upstream/github.ts'
import type { UpstreamAccount } from '../support/upstream/openid.ts'
import type { FederationFixture } from './federation-fixture.ts'

/** IDs of people at GitHub that no other test of a process uses. */
let users = 3000

export const primaryAddress = (email: string, verified = true) => ({
  emails: [{ email, primary: true, verified, visibility: null }],
})

/** Sign-ins at the providers of a fixture in one call each. */
export function createSignInSteps(federation: FederationFixture) {
  const at = (path: string) => `${federation.latchkey.issuer}${path}`
  const start = async (browser: HttpBrowser, provider: string, page = '/login') =>
    browser.submit(await browser.open(at(page)), {}, { button: `Continue with ${provider}` })
  const byOpenId = async (
    browser: HttpBrowser,
    name: 'Google' | 'Okta',
    account: UpstreamAccount,
  ): Promise<BrowserPage> => {
    federation[name === 'Google' ? 'google' : 'okta'].accounts = [account]
    const page = await start(browser, name)
    return browser.submit(page, {}, { button: page.forms[0]?.buttons[0]?.label ?? '' })
  }

  return {
    at,
    start,
    /** Somebody with one proven address, `<login>@example.com`, unless told otherwise. */
    onGitHub(login: string, rest: Partial<GitHubUser> = {}): GitHubUser {
      const user = githubUser(++users, login, rest)
      federation.github.users.set(login, user)
      return user
    },
    byGitHub: async (browser: HttpBrowser, login: string): Promise<BrowserPage> =>
      browser.submit(await start(browser, 'GitHub'), {}, { button: `Continue as ${login}` }),
    byOpenId,
    /** The callback with GitHub's answer, which the browser has not opened yet. */
    async capture(browser: HttpBrowser, login: string): Promise<URL> {
      const page = await start(browser, 'GitHub')
      const answer = await browser.send(browser.prepare(page, {}, { button: `Continue as ${login}` }))
      return new URL(answer.headers.get('location') ?? '')
    },
    signedInAs: async (browser: HttpBrowser): Promise<string | undefined> =>
      /Signed in as (\S+)/.exec((await browser.open(at('/account'))).text)?.[1],
  }
}

export type SignInSteps = ReturnType<typeof createSignInSteps>
