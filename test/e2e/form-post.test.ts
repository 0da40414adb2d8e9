import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createSecurityFixture, type TestClient } from '../security/attacker.ts'
import { openBrowser, type SharedBrowser } from '../support/browser.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { freePort } from '../support/ports.ts'
import { heading, press, signIn } from './steps.ts'

/** Answers that a browser carries to the app by a form: the policy of our pages lets them go. */
describe.each([true, false])('JavaScript %s', (javaScriptEnabled) => {
  let latchkey: Latchkey
  let browser: SharedBrowser
  let client: TestClient
  const received: URLSearchParams[] = []
  const app = createServer(async (request, response) => {
    if (request.method === 'POST') received.push(new URLSearchParams(await text(request)))
    response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Back at the app</h1>')
  })
  beforeAll(async () => {
    const port = await freePort()
    await new Promise<void>((listening) => app.listen(port, '127.0.0.1', listening))
    latchkey = await startLatchkey()
    browser = await openBrowser()
    client = await createSecurityFixture(latchkey).client({
      redirect_uris: [`http://127.0.0.1:${port}/callback`],
    })
  })
  afterAll(async () => {
    await browser?.close()
    await latchkey?.stop()
    app.close()
  })

  test.each([
    ['form_post', (form: URLSearchParams) => Object.fromEntries(form)],
    ['form_post.jwt', (form: URLSearchParams) => decodeJwt(String(form.get('response')))],
  ])('%s: a code, and an error', async (response_mode, read) => {
    const { authorizeUrl } = createSecurityFixture(latchkey)
    const person = await latchkey.createUser()
    const page = await (await browser.newContext({ javaScriptEnabled })).newPage()
    const refused: string[] = []
    page.on(
      'console',
      (message) => void (/Content Security/i.test(message.text()) && refused.push(message.text())),
    )
    const answer = async () => {
      if (!javaScriptEnabled) await press(page, 'Continue')
      await heading(page, 'Back at the app')
      return read(received.pop() ?? new URLSearchParams())
    }
    await page.goto(authorizeUrl(client, { response_mode }))
    await signIn(page, person.username)
    expect(await answer()).toMatchObject({ code: expect.any(String), state: 'the-state' })

    await page.goto(authorizeUrl(client, { response_mode, max_age: 'x' }), { waitUntil: 'commit' })
    expect(await answer()).toMatchObject({ error: 'invalid_request', state: 'the-state' })
    expect(refused).toEqual([])
  })
})
