import { createHttpBrowser, type HttpBrowser } from '../support/flow.ts'
import { jobGrant } from '../support/job.ts'
import { PASSWORD } from '../support/latchkey.ts'
import { discover, type RelyingParty } from '../support/relying-party.ts'

export interface TestClient {
  client_id: string
  client_secret?: string
  redirect_uri: string
}

/** What the server has said yes to; none of it may be lost. */
export interface Acknowledged {
  registered: string[]
  codes: { response: URL; request: Awaited<ReturnType<RelyingParty['authorize']>> }[]
  /** Codes that were sent, and no answer came back. */
  undecided: Acknowledged['codes']
  accessTokens: string[]
  /** The newest refresh token of each chain. */
  refreshTokens: string[]
  /** Refresh tokens that were sent, and no answer came back; `at` in milliseconds. */
  undecidedRefreshes: { token: string; at: number }[]
}

export const nothingAcknowledged = (): Acknowledged => ({
  registered: [],
  codes: [],
  undecided: [],
  accessTokens: [],
  refreshTokens: [],
  undecidedRefreshes: [],
})

export interface Load {
  /** Resolves after this many more answers. */
  answers(count: number): Promise<void>
  /** Resolves once a registration was acknowledged: each takes a hash, the first thing to wait on a machine that has much to do. */
  registered(): Promise<void>
  /** From now on errors are no failure of the test: the database is about to go. */
  disturbed(): void
  /**
   * Ends every worker once the server is gone; rejects for whatever went wrong before `gone` was called.
   * @returns how many requests the end of the server cut off: they were under way and got no answer
   */
  gone(): Promise<number>
}

let people = 0

export const relyingParty = (issuer: string, client: TestClient) =>
  discover({
    issuer,
    clientId: client.client_id,
    auth: { method: 'client_secret_basic', secret: String(client.client_secret) },
    redirectUri: client.redirect_uri,
  })

/** Registrations, sign-ons, refreshes and client credentials, all at once, until the server is gone. */
export function startLoad(deps: {
  issuer: string
  party: RelyingParty
  /** A browser that is signed in and has allowed the client everything. */
  browser: HttpBrowser
  acknowledged: Acknowledged
}): Load {
  const { issuer, party, browser, acknowledged } = deps
  let stopped = false
  let calm = true
  let answered = 0
  let cutOff = 0
  const waiting = new Set<() => void>()
  const answer = () => {
    answered += 1
    for (const look of waiting) look()
  }

  const jobs: readonly (() => Promise<void>)[] = [
    async function register() {
      const username = `crash${people++}`
      const visitor = createHttpBrowser()
      const page = await visitor.open(`${issuer}/register`)
      const form = { Username: username, Email: `${username}@example.com`, Password: PASSWORD }
      const { status, headers } = await visitor.send(
        visitor.prepare(page, form, { button: 'Create account' }),
      )
      // What was refused is led back to the form.
      const to = headers.get('location')
      if (to !== '/verify-email') throw new Error(`registration answered ${status} ${to}`)
      acknowledged.registered.push(username)
    },
    async function signOn() {
      const request = await party.authorize({ scope: 'openid profile' })
      const page = await browser.open(request.url)
      if (!page.left) throw new Error(`the session was lost: ${page.status} ${page.text.slice(0, 200)}`)
      const exchange = { response: page.url, request }
      acknowledged.undecided.push(exchange)
      const tokens = await party.callback(page.url, request)
      acknowledged.undecided.splice(acknowledged.undecided.indexOf(exchange), 1)
      acknowledged.codes.push(exchange)
      acknowledged.accessTokens.push(tokens.access_token)
      acknowledged.refreshTokens.push(String(tokens.refresh_token))
    },
    async function refresh() {
      const token = acknowledged.refreshTokens.shift()
      if (token === undefined) return signOnce()
      const at = Date.now()
      try {
        const tokens = await party.refresh(token)
        acknowledged.accessTokens.push(tokens.access_token)
        acknowledged.refreshTokens.push(String(tokens.refresh_token))
      } catch (error) {
        acknowledged.undecidedRefreshes.push({ token, at })
        throw error
      }
    },
    async function clientCredentials() {
      acknowledged.accessTokens.push((await party.clientCredentials({ scope: jobGrant.scope })).access_token)
    },
  ]
  const signOnce = async () => void (await jobs[1]?.())

  const worker = async (job: () => Promise<void>): Promise<void> => {
    while (!stopped) {
      try {
        await job()
        answer()
      } catch (error) {
        if (stopped) cutOff += 1
        else if (calm) throw error
      }
    }
  }
  const workers = [...jobs, ...jobs].map(worker)
  const failed = Promise.all(workers)
  failed.catch(() => undefined)

  /** Resolves after the answer with which it is so, or once all has ended. */
  const until = (isSo: () => boolean): Promise<void> => {
    const enough = new Promise<void>((resolve) => {
      const look = () => {
        if (!isSo()) return
        waiting.delete(look)
        resolve()
      }
      waiting.add(look)
      look()
    })
    return Promise.race([enough, failed.then(() => undefined)])
  }

  return {
    disturbed() {
      calm = false
    },
    answers: (more) => {
      const count = answered + more
      return until(() => answered >= count)
    },
    registered: () => until(() => acknowledged.registered.length > 0),
    async gone() {
      stopped = true
      await failed
      return cutOff
    },
  }
}
