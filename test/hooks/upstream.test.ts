import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type FederationFixture, openFederation } from '../federation/federation-fixture.ts'
import { createSignInSteps, type SignInSteps } from '../federation/sign-in-steps.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { engines } from '../support/latchkey.ts'
import { ANSWERS, startHookReceiver } from './receiver.ts'

describe.each(engines)('hooks and people who come from a provider, on %s', (engine) => {
  let federation: FederationFixture
  let steps: SignInSteps
  let receiver: Awaited<ReturnType<typeof startHookReceiver>>
  let names = 0
  beforeAll(async () => {
    federation = await openFederation({ engine })
    steps = createSignInSteps(federation)
    receiver = await startHookReceiver()
    for (const at of ['sign_in', 'token'])
      await federation.latchkey.services.hooks.create({
        name: at.replace('_', '-'),
        at,
        url: receiver.url,
      })
  })
  beforeEach(() => {
    receiver.answer = ANSWERS.allow
    receiver.asked.length = 0
  })
  afterAll(() => federation?.stop())

  /** From an app to GitHub and back, as a person that nobody has seen before. */
  async function comesFromGitHub() {
    const app = await federation.app()
    const login = `octo${++names}`
    steps.onGitHub(login)
    const browser = federation.browser()
    const request = await app.party.authorize({ scope: 'openid profile email' })
    const atProvider = await browser.submit(
      await browser.open(request.url),
      {},
      { button: 'Continue with GitHub' },
    )
    const page = await browser.submit(atProvider, {}, { button: `Continue as ${login}` })
    return { app, browser, login, page, request }
  }

  test('who is allowed gets in, and tokens have the claims of the answer; the question says how they came', async () => {
    receiver.answer = (response) => {
      const { type } = receiver.asked.at(-1)?.question ?? {}
      const claims = type === 'token' && { claims: { id_token: { plan: 'gold' } } }
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ action: 'allow', ...claims }))
    }
    const { app, login, page, request } = await comesFromGitHub()
    expect(page.left).toBe(true)
    const tokens = await app.party.callback(page.url, request)
    expect(tokens.claims()).toMatchObject({ amr: ['fed'], plan: 'gold' })
    // Its session counts on our own pages too, so it is asked about as that, and then as the app's.
    const who = { username: login, email: `${login}@example.com` }
    expect(receiver.asked.map(({ question }) => question)).toEqual([
      expect.objectContaining({ type: 'sign_in', client_id: null, amr: ['fed'] }),
      expect.objectContaining({ type: 'sign_in', client_id: app.clientId, amr: ['fed'] }),
      expect.objectContaining({ type: 'token', client_id: app.clientId }),
    ])
    for (const { question } of receiver.asked) expect(question.user).toMatchObject(who)
  })

  test('who is denied is told so, has no code, and no session on our own pages', async () => {
    receiver.answer = ANSWERS.deny
    const { app, browser, page } = await comesFromGitHub()
    expect([page.left, page.status, page.text]).toEqual([
      false,
      403,
      expect.stringContaining('Not from there.'),
    ])
    expect(page.body).toMatch(/^<!doctype html>/i)
    const again = await browser.open((await app.party.authorize({ prompt: 'none' })).url)
    expect([again.left, again.url.searchParams.get('error')]).toEqual([true, 'login_required'])

    const own = federation.browser()
    const login = `octo${++names}`
    steps.onGitHub(login)
    const answer = await steps.byGitHub(own, login)
    expect([answer.status, answer.text]).toEqual([403, expect.stringContaining('Not from there.')])
    expect(await steps.signedInAs(own)).toBeUndefined()
  })

  test('the page that says so speaks the language of the person; a program is answered with a problem in English', async () => {
    receiver.answer = ANSWERS['deny without words']
    for (const [accept, said] of [
      ['text/html', 'Das wurde nicht zugelassen.'],
      ['application/json', '"detail":"This was not allowed."'],
    ]) {
      const login = `octo${++names}`
      steps.onGitHub(login)
      const german = createHttpBrowser({ headers: { 'accept-language': 'de' } })
      const form = await german.open(steps.at('/login'))
      const there = await german.submit(form, {}, { button: 'Weiter mit GitHub' })
      const answer = await german.send(german.prepare(there, {}, { button: `Continue as ${login}` }))
      const url = new URL(answer.headers.get('location') ?? '')
      const back = await german.send({ url, method: 'GET', headers: { accept: accept ?? '' } })
      expect([back.status, await back.text()]).toEqual([403, expect.stringContaining(said ?? '')])
    }
  })

  test('who has to show a second factor sets one up first, and is asked about again', async () => {
    receiver.answer = ANSWERS['require a factor']
    const { page } = await comesFromGitHub()
    expect([page.left, page.url.pathname]).toEqual([false, '/login/set-up'])
    expect(receiver.asked.map(({ question }) => question.type)).toEqual(['sign_in', 'sign_in'])

    const own = federation.browser()
    const login = `octo${++names}`
    steps.onGitHub(login)
    await steps.byGitHub(own, login)
    expect((await own.open(steps.at('/account'))).url.pathname).toBe('/login/set-up')
  })

  test('without a good answer nobody gets in by a provider either', async () => {
    receiver.answer = ANSWERS['HTTP 500']
    const { page } = await comesFromGitHub()
    expect([page.left, page.status, page.text]).toEqual([
      false,
      403,
      expect.stringContaining('This cannot be checked at the moment.'),
    ])
  })
})
