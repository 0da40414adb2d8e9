import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { readOutbox } from '../support/mailbox.ts'
import { type Api, bearer, createApi } from './support.ts'

describe.each(engines)('POST /api/auth/send-verification on %s', (engine) => {
  let latchkey: Latchkey
  let api: Api
  let later = 0
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, clock: () => Date.now() + later })
    api = createApi(latchkey.issuer)
  })
  afterAll(() => latchkey?.stop())

  const mails = async (email: string) => {
    await latchkey.services.mailer.idle()
    return (await readOutbox(`${latchkey.dataDir}/outbox`)).filter((mail) => mail.to === email)
  }
  const register = async (username: string) => {
    const email = `${username}@example.com`
    await latchkey.services.accounts.register({ username, email, password: PASSWORD })
    await latchkey.services.mailer.idle()
    return email
  }

  test('nobody has to be signed in, and the link of the message works', async () => {
    const email = await register('grace')
    expect(await api.post('/send-verification', { email: ` ${email.toUpperCase()} ` })).toMatchObject({
      status: 202,
      text: '',
    })
    const sent = await mails(email)
    expect(sent.map(({ subject }) => subject)).toHaveLength(2)
    const { link } = await latchkey.mailTo(email)
    const path = `/verify-email/${link.searchParams.get('token')}`
    expect(await api.get(path)).toMatchObject({ status: 200, json: { email_verified: true } })
  })

  test('the answer tells nothing: known, verified, disabled, unknown or no address at all', async () => {
    const waiting = await register('waiting')
    const { email: verified } = await latchkey.createUser('verified')
    const disabled = await register('disabled')
    const account = await latchkey.services.accounts.find('disabled')
    await latchkey.services.accounts.disable(account?.id ?? '')
    const before = { [waiting]: 1, [verified]: 0, [disabled]: 1 }
    const answers = []
    for (const email of [waiting, verified, disabled, 'nobody@example.com', 'no address', ''])
      answers.push(await api.post('/send-verification', { email }))
    const seen = answers.map(({ status, text, headers }) => {
      const { date: _, 'x-request-id': __, ...rest } = Object.fromEntries(headers)
      return { status, text, rest }
    })
    for (const each of seen) expect(each).toEqual(seen[0])
    expect(seen[0]?.status).toBe(202)
    for (const [email, count] of Object.entries(before))
      expect(await mails(email)).toHaveLength(count + (email === waiting ? 1 : 0))
  })

  test('the database is asked after the answer, for a known address and an unknown one alike', async () => {
    const email = await register('timed')
    const { prisma } = latchkey.services.db
    for (const asked of [email, 'unheard-of@example.com']) {
      let release = () => {}
      const held = new Promise<void>((resolve) => {
        release = resolve
      })
      // The queue is held up: an answer that waited for a look-up in it would not come.
      const hold = latchkey.services.mailer.deferred(`hold ${asked}`, async () => {
        await held
        return undefined
      })
      hold({})
      expect((await api.post('/send-verification', { email: asked })).status).toBe(202)
      release()
    }
    expect(await prisma.account.count({ where: { pendingEmail: email } })).toBe(1)
    expect(await mails(email)).toHaveLength(2)
  })

  test('five messages an hour to one address, and the answer stays the same', async () => {
    const email = await register('often')
    for (let i = 0; i < 8; i++) expect((await api.post('/send-verification', { email })).status).toBe(202)
    expect(await mails(email)).toHaveLength(5)
  })

  test('of several accounts that wait for one address the newest gets it, and the message names it', async () => {
    await latchkey.services.accounts.register({
      username: 'older',
      email: 'both@example.com',
      password: PASSWORD,
    })
    later += 1000
    await latchkey.services.accounts.register({
      username: 'newer',
      email: 'both@example.com',
      password: PASSWORD,
    })
    await api.post('/send-verification', { email: 'both@example.com' })
    expect((await latchkey.mailTo('both@example.com')).text).toContain('newer')
  })

  test('who has proven an address and changes it waits for the new one', async () => {
    const { accounts } = latchkey.services
    const user = await latchkey.createUser('moving')
    const email = 'moved@example.com'
    await accounts.changeEmail(user.id, email)
    expect(await mails(email)).toHaveLength(1)
    await api.post('/send-verification', { email })
    expect(await mails(email)).toHaveLength(2)
    const { link } = await latchkey.mailTo(email)
    await api.get(`/verify-email/${link.searchParams.get('token')}`)
    expect(await accounts.find('moving')).toMatchObject({ email, pendingEmail: null })
  })

  test('without an address, the account of the credentials is meant; with neither, the field is missing', async () => {
    const answer = await api.post('/register', {
      username: 'tokened',
      email: 'tokened@example.com',
      password: PASSWORD,
    })
    const token = bearer(answer.json.access_token)
    expect((await api.post('/send-verification', undefined, token)).status).toBe(202)
    expect(await mails('tokened@example.com')).toHaveLength(2)
    expect(await api.post('/send-verification', undefined, bearer('wrong'))).toMatchObject({ status: 401 })
    for (const body of [undefined, {}])
      expect(await api.post('/send-verification', body)).toMatchObject({
        status: 422,
        json: { errors: { email: ['This field is missing.'] } },
      })
  })
})
