import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createSecurityFixture, type SecurityFixture } from '../../security/attacker.ts'
import { engines, type Latchkey, startLatchkey } from '../../support/latchkey.ts'

describe.each(engines)('what a person takes back from an app, on %s', (engine) => {
  let latchkey: Latchkey
  let fixture: SecurityFixture
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
    fixture = createSecurityFixture(latchkey)
  })
  afterAll(() => latchkey?.stop())

  async function allowed() {
    const person = await fixture.victim()
    const client = await fixture.client({ first_party: false, client_name: 'Asking app' })
    const asks = { scope: 'openid email profile' }
    await person.browser.allow(await person.browser.open(fixture.authorizeUrl(client, asks)))
    const tokens = await fixture.tokens(person, client, asks)
    const page = () => person.browser.open(`${latchkey.issuer}/account/apps`)
    const takeBack = {
      form: ({ fields }: { fields: { value: string }[] }) =>
        fields.some(({ value }) => value === 'scope email'),
    }
    return { person, client, tokens, page, takeBack }
  }

  test('stops at once with the tokens that carry it; the rest is given without a question, and it only after one', async () => {
    const { person, client, tokens, page, takeBack } = await allowed()
    const done = await person.browser.submit(await page(), {}, takeBack)
    expect(done.text).toContain('The app goes on with what is left')
    expect(done.text).not.toContain('See your email address')
    expect((await fixture.userinfo(tokens.access_token)).status).toBe(401)
    expect((await fixture.refresh(client, tokens.refresh_token)).status).toBe(400)
    const rest = await person.browser.open(fixture.authorizeUrl(client, { scope: 'openid profile' }))
    expect(rest.url.searchParams.get('code')).toBeTypeOf('string')
    const again = await person.browser.open(fixture.authorizeUrl(client, { scope: 'openid email profile' }))
    expect(again.text).toContain('See your email address')
  })

  test('that is gone already is told of, and never comes back by a second tab', async () => {
    const { person, client, page, takeBack } = await allowed()
    const [one, other] = [await page(), await page()]
    await person.browser.submit(one, {}, takeBack)
    expect((await person.browser.submit(other, {}, takeBack)).text).toContain('did not have that any more')
    const [withdraw, late] = [await page(), await page()]
    await person.browser.submit(withdraw, {}, { form: ({ action }) => action.endsWith('/withdraw') })
    await person.browser.submit(late, {}, { form: ({ action }) => action.endsWith('/take-back') })
    expect(await latchkey.services.consents.find(person.user.id, client.client_id)).toBeUndefined()
  })

  test('is never another person’s, and never that the app knows who they are', async () => {
    const [mine, theirs] = [await allowed(), await allowed()]
    const request = mine.person.browser.prepare(await mine.page(), {}, mine.takeBack)
    request.body?.set('id', theirs.client.client_id)
    await (await mine.person.browser.send(request)).body?.cancel()
    expect((await fixture.userinfo(theirs.tokens.access_token)).status).toBe(200)
    request.body?.set('id', mine.client.client_id)
    request.body?.set('part', 'scope openid')
    await (await mine.person.browser.send(request)).body?.cancel()
    expect((await fixture.userinfo(mine.tokens.access_token)).status).toBe(200)
  })
})
