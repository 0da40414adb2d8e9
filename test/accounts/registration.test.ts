import { expect, test } from 'vitest'
import { ValidationError } from '../../src/shared/validation-error.ts'
import { codeIn, linkIn } from '../support/mailbox.ts'
import { forEachDatabase, otherPassword, password } from './support.ts'

const tokenIn = (mail: Parameters<typeof linkIn>[0]): string => linkIn(mail).searchParams.get('token') ?? ''
const refusal = async (act: Promise<unknown>): Promise<ValidationError> => {
  const error = await act.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(ValidationError)
  return error as ValidationError
}

forEachDatabase('registration', (fixture) => {
  test('makes an account that waits for its address, and mails a link and a code', async () => {
    const id = await fixture().register('Ada.Lovelace', '  Ada@Example.ORG ')
    expect(await fixture().accounts.byId(id)).toMatchObject({
      username: 'ada.lovelace',
      displayUsername: 'Ada.Lovelace',
      email: null,
      pendingEmail: 'ada@example.org',
      role: 'user',
      createdAt: fixture().now,
      disabledAt: null,
    })
    const mail = await fixture().lastMailTo('ada@example.org')
    expect(linkIn(mail).href).toMatch(/^https:\/\/id\.example\.com\/verify-email\?token=[\w-]{43}$/)
    expect(codeIn(mail)).toMatch(/^\d{6}$/)
  })

  test('the interaction that registration came from is in the link', async () => {
    await fixture().accounts.register(
      { username: 'inflow', email: 'inflow@example.org', password },
      { interaction: 'interaction-uid-12345' },
    )
    expect(linkIn(await fixture().lastMailTo('inflow@example.org')).searchParams.get('flow')).toBe(
      'interaction-uid-12345',
    )
  })

  test('twenty parallel registrations with one username make one account', async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) =>
        fixture().register(i % 2 ? 'racer' : 'RACER', `racer${i}@example.org`),
      ),
    )
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const result of results) {
      if (result.status === 'rejected') {
        expect(result.reason).toMatchObject({
          status: 409,
          sentences: { username: expect.stringContaining('taken') },
        })
      }
    }
    expect(await fixture().db.prisma.account.count({ where: { username: 'racer' } })).toBe(1)
  })

  test('all wrong fields are told at once, with the way out', async () => {
    const error = await refusal(
      fixture().accounts.register({ username: 'a@b', email: 'nowhere', password: 'password1234' }),
    )
    expect(error.status).toBe(422)
    expect(Object.keys(error.sentences).sort()).toEqual(['email', 'password', 'username'])
    for (const sentence of Object.values(error.sentences)) expect(sentence).toMatch(/^[A-Z].*\.$/)
  })

  test('known and unknown addresses: same answer, same hashing, same rows', async () => {
    await fixture().verified('owner')
    // What other tests have left to be sent is no row of this one.
    await fixture().mailer.idle()
    const effects = async (username: string, email: string) => {
      const { db, hashing } = fixture()
      const before = [await db.prisma.account.count(), await db.prisma.oneTimeToken.count()]
      hashing.clear()
      const answer = await fixture().accounts.register({ username, email, password })
      await fixture().mailer.idle()
      const after = [await db.prisma.account.count(), await db.prisma.oneTimeToken.count()]
      const { verify, hash, nothing } = hashing
      return {
        answer: Object.keys(answer),
        rows: after.map((count, i) => count - (before[i] ?? 0)),
        hashing: [verify, hash, nothing],
        code: await fixture().accounts.verification.byCode(answer.accountId, 'abcdef'),
      }
    }
    expect(await effects('known', 'owner@example.org')).toEqual(
      await effects('unknown', 'nobody@example.org'),
    )
    expect((await fixture().lastMailTo('owner@example.org')).subject).toMatch(/already have an account/)
    expect((await fixture().lastMailTo('nobody@example.org')).subject).toMatch(/Verify/)
  })

  test('registering with somebody’s proven address can never take it over', async () => {
    const owner = await fixture().verified('victim')
    const intruder = await fixture().register('intruder', 'victim@example.org')
    for (const mail of await fixture().mailsTo('victim@example.org'))
      expect(mail.text).not.toMatch(/token=|\d{6}/)
    await fixture().accounts.verification.send(intruder)
    expect((await fixture().lastMailTo('victim@example.org')).text).not.toMatch(/token=/)

    // Even the code that nobody was told is worth nothing.
    const { db, accounts } = fixture()
    const row = await db.prisma.oneTimeToken.findFirst({ where: { accountId: intruder } })
    const { createTokenStore } = await import('../../src/accounts/tokens/store.ts')
    const tokens = createTokenStore({ db, clock: () => fixture().now })
    expect(
      await tokens.redeem({ tokenId: row?.id ?? '', accountId: intruder, provenEmail: 'victim@example.org' }),
    ).toBe('taken')
    expect(await accounts.byId(intruder)).toMatchObject({ email: null })
    expect(await accounts.byId(owner)).toMatchObject({ email: 'victim@example.org' })
    expect(await accounts.authenticate({ identifier: 'victim@example.org', password })).toMatchObject({
      kind: 'ok',
      account: { id: owner },
    })
  })

  test('an address registered first by another person is its owner’s: whoever proves it has it', async () => {
    const squatter = await fixture().accounts.register({
      username: 'squatter',
      email: 'late@example.org',
      password: otherPassword,
    })
    fixture().later(1)
    const owner = await fixture().register('late', 'late@example.org')
    const mail = await fixture().lastMailTo('late@example.org')
    expect(mail.text).toContain('late')
    expect(await fixture().accounts.verification.byToken(tokenIn(mail))).toEqual({
      kind: 'verified',
      accountId: owner,
    })
    const [first] = await fixture().mailsTo('late@example.org')
    expect(first && (await fixture().accounts.verification.byToken(tokenIn(first)))).toEqual({
      kind: 'taken',
    })
    expect(await fixture().accounts.byId(squatter.accountId)).toMatchObject({ email: null })
  })

  test('a reset by the owner of an address shuts out whoever registered it', async () => {
    await fixture().accounts.register({
      username: 'early-bird',
      email: 'worm@example.org',
      password: otherPassword,
    })
    await fixture().accounts.forgot('worm@example.org')
    const token = tokenIn(await fixture().lastMailTo('worm@example.org'))
    expect(await fixture().accounts.reset(token, password)).toBeDefined()
    expect(
      await fixture().accounts.authenticate({ identifier: 'worm@example.org', password: otherPassword }),
    ).toMatchObject({ kind: 'refused' })
    expect(await fixture().accounts.authenticate({ identifier: 'worm@example.org', password })).toMatchObject(
      {
        kind: 'ok',
      },
    )
  })

  test('many accounts with one address: five mails an hour, known or not, and no more codes to guess', async () => {
    await fixture().verified('flooded')
    for (const address of ['flooded@example.org', 'unverified@example.org']) {
      const flood = await Promise.all(
        Array.from({ length: 9 }, (_, i) => fixture().register(`flood-${address[0]}${i}`, address)),
      )
      expect(await fixture().mailsTo(address)).toHaveLength(5)
      expect(await fixture().db.prisma.oneTimeToken.count({ where: { email: address } })).toBe(5)
      await expect(fixture().accounts.verification.send(flood[0] ?? '')).rejects.toMatchObject({
        code: 'too_many_mails',
        retryAfter: 3600,
      })
      fixture().later(3600)
      await fixture().accounts.verification.send(flood[8] ?? '')
      expect(await fixture().mailsTo(address)).toHaveLength(6)
    }
    expect(fixture().events.filter(({ type }) => type === 'account.verification_withheld')).toHaveLength(8)
  })

  test('no token, code or password is stored in clear, or told in an event', async () => {
    const id = await fixture().register('secretive')
    const mail = await fixture().lastMailTo('secretive@example.org')
    const dump = JSON.stringify([
      await fixture().db.prisma.account.findMany(),
      await fixture().db.prisma.oneTimeToken.findMany({ where: { accountId: id } }),
      fixture().events,
    ])
    expect(dump).not.toContain(tokenIn(mail))
    expect(dump).not.toContain(`"${codeIn(mail)}"`)
    expect(dump).not.toContain(password)
    expect(JSON.stringify(fixture().events)).not.toContain('$argon2')
  })
})

forEachDatabase(
  'a server with closed registration',
  (fixture) => {
    test('registers nobody', async () => {
      await expect(fixture().register('anybody')).rejects.toMatchObject({
        code: 'registration_closed',
        status: 403,
      })
      expect(await fixture().db.prisma.account.count()).toBe(0)
    })
  },
  { settings: { registration: 'closed' } },
)
