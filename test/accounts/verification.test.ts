import { expect, test } from 'vitest'
import { codeIn, linkIn, type ReceivedMail } from '../support/mailbox.ts'
import { forEachDatabase, password } from './support.ts'

const tokenIn = (mail: ReceivedMail | undefined): string =>
  mail ? (linkIn(mail).searchParams.get('token') ?? '') : ''

forEachDatabase('verification', (fixture) => {
  const registered = async (username: string) => {
    const id = await fixture().register(username)
    const mail = await fixture().lastMailTo(`${username}@example.org`)
    return { id, token: tokenIn(mail), code: codeIn(mail) }
  }
  const wrongFor = (code: string): string => (code === '000000' ? '000001' : '000000')

  test('looking at a link uses nothing up; using it proves the address once', async () => {
    const { id, token } = await registered('linker')
    const { verification } = fixture().accounts
    for (let i = 0; i < 3; i++) {
      expect(await verification.peek(token)).toEqual({
        accountId: id,
        username: 'linker',
        email: 'linker@example.org',
        createdAt: fixture().now,
      })
    }
    expect(await verification.byToken(token)).toEqual({ kind: 'verified', accountId: id })
    expect(await fixture().accounts.byId(id)).toMatchObject({
      email: 'linker@example.org',
      pendingEmail: null,
    })
    expect(await verification.byToken(token)).toEqual({ kind: 'expired' })
    expect(await verification.peek(token)).toBeUndefined()
  })

  test('the code proves the address once and uses the link up, spaces do not matter', async () => {
    const { id, token, code } = await registered('coder')
    const { verification } = fixture().accounts
    expect(await verification.byCode(id, ` ${code.slice(0, 3)} ${code.slice(3)} `)).toEqual({
      kind: 'verified',
      accountId: id,
    })
    expect(await verification.byCode(id, code)).toEqual({ kind: 'expired' })
    expect(await verification.byToken(token)).toEqual({ kind: 'expired' })
  })

  test('twenty parallel uses of one link and its code prove the address once', async () => {
    const { id, token, code } = await registered('parallel')
    const { verification } = fixture().accounts
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        i % 4 ? verification.byToken(token) : verification.byCode(id, code),
      ),
    )
    expect(outcomes.filter(({ kind }) => kind === 'verified')).toHaveLength(1)
    const proofs = fixture().events.filter(
      (event) => event.type === 'account.email_verified' && event.accountId === id,
    )
    expect(proofs).toHaveLength(1)
  })

  test('two accounts that prove one address at the same moment: one has it', async () => {
    const mails: string[] = []
    for (const username of ['twin-a', 'twin-b']) {
      await fixture().register(username, 'twins@example.org')
      mails.push(tokenIn(await fixture().lastMailTo('twins@example.org')))
    }
    const outcomes = await Promise.all(mails.map((token) => fixture().accounts.verification.byToken(token)))
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['taken', 'verified'])
    expect(await fixture().db.prisma.account.count({ where: { email: 'twins@example.org' } })).toBe(1)
  })

  test('five wrong codes kill the code, in parallel too; the link goes on working', async () => {
    const { id, token, code } = await registered('guesser')
    const { verification } = fixture().accounts
    const guesses = await Promise.all(
      Array.from({ length: 12 }, () => verification.byCode(id, wrongFor(code))),
    )
    expect(guesses.filter(({ kind }) => kind === 'wrong')).toHaveLength(5)
    expect(guesses.filter(({ kind }) => kind === 'exhausted')).toHaveLength(7)
    expect(await verification.byCode(id, code)).toEqual({ kind: 'exhausted' })
    expect(await verification.byToken(token)).toEqual({ kind: 'verified', accountId: id })
  })

  test('what is not six digits is no try', async () => {
    const { id, code } = await registered('typist')
    const { verification } = fixture().accounts
    for (const typed of ['', '12345', '1234567', 'abcdef', '١٢٣٤٥٦', '12345\u0000']) {
      expect(await verification.byCode(id, typed)).toEqual({ kind: 'wrong' })
    }
    for (let i = 0; i < 4; i++) await verification.byCode(id, wrongFor(code))
    expect(await verification.byCode(id, code)).toMatchObject({ kind: 'verified' })
  })

  test('the code of one account is worth nothing for another', async () => {
    const [mine, yours] = [await registered('mine'), await registered('yours')]
    if (mine.code !== yours.code) {
      expect(await fixture().accounts.verification.byCode(yours.id, mine.code)).toEqual({ kind: 'wrong' })
    }
    expect(await fixture().accounts.verification.byCode('no-such-account', mine.code)).toEqual({
      kind: 'expired',
    })
  })

  test('link and code end after a day', async () => {
    const { id, token, code } = await registered('late-reader')
    fixture().later(86_400)
    expect(await fixture().accounts.verification.byToken(token)).toEqual({ kind: 'expired' })
    expect(await fixture().accounts.verification.byCode(id, code)).toEqual({ kind: 'expired' })
  })

  test.each(['', 'x', 'A'.repeat(43), '../../etc', '\u0000'.repeat(43)])(
    'a made-up link is refused: %j',
    async (token) => {
      expect(await fixture().accounts.verification.peek(token)).toBeUndefined()
      expect(await fixture().accounts.verification.byToken(token)).toEqual({ kind: 'expired' })
    },
  )

  test('sending again keeps the older links, three at most, and stops at five an hour', async () => {
    const { id } = await registered('impatient')
    const { verification } = fixture().accounts
    for (let i = 0; i < 3; i++) {
      fixture().later(60)
      await verification.send(id)
      await fixture().mailer.idle()
    }
    const tokens = (await fixture().mailsTo('impatient@example.org')).map(tokenIn)
    const live = await Promise.all(
      tokens.map(async (token) => (await verification.peek(token)) !== undefined),
    )
    expect(live).toEqual([false, true, true, true])
    await verification.send(id)
    await fixture().mailer.idle()
    await expect(verification.send(id)).rejects.toMatchObject({
      code: 'too_many_mails',
      status: 429,
      retryAfter: 3420,
    })
    fixture().later(3420)
    await verification.send(id)
    expect(await fixture().mailsTo('impatient@example.org')).toHaveLength(6)
    expect(await verification.byToken(tokens[3] ?? '')).toMatchObject({ kind: 'verified' })
    await verification.send(id)
    expect(await fixture().mailsTo('impatient@example.org')).toHaveLength(6)
  })

  test('a new address replaces the old one only when proven; the old one is told', async () => {
    const id = await fixture().verified('mover')
    const { accounts } = fixture()
    expect(await accounts.changeEmail(id, 'New@Example.org')).toBe(true)
    expect(await accounts.byId(id)).toMatchObject({
      email: 'mover@example.org',
      pendingEmail: 'new@example.org',
    })
    expect(await accounts.authenticate({ identifier: 'new@example.org', password })).toMatchObject({
      kind: 'refused',
    })
    expect(await accounts.authenticate({ identifier: 'mover@example.org', password })).toMatchObject({
      kind: 'ok',
    })

    const token = tokenIn(await fixture().lastMailTo('new@example.org'))
    expect(await accounts.verification.byToken(token)).toEqual({ kind: 'verified', accountId: id })
    expect(await accounts.byId(id)).toMatchObject({ email: 'new@example.org', pendingEmail: null })
    const told = await fixture().lastMailTo('mover@example.org')
    expect(told.subject).toMatch(/was changed/)
    expect(told.text).toContain('new@example.org')
    expect(fixture().events).toContainEqual(
      expect.objectContaining({ type: 'account.email_changed', accountId: id }),
    )
  })

  test('a link for an address that was given up again proves nothing', async () => {
    const id = await fixture().verified('undecided')
    await fixture().accounts.changeEmail(id, 'first@example.org')
    const first = await fixture().lastMailTo('first@example.org')
    fixture().later(3600)
    await fixture().accounts.changeEmail(id, 'second@example.org')
    expect(await fixture().accounts.verification.byToken(tokenIn(first))).toEqual({ kind: 'expired' })
    expect(await fixture().accounts.verification.byCode(id, codeIn(first))).not.toMatchObject({
      kind: 'verified',
    })
    expect(await fixture().accounts.changeEmail(id, 'undecided@example.org')).toBe(false)
    expect(await fixture().accounts.byId(id)).toMatchObject({
      email: 'undecided@example.org',
      pendingEmail: null,
    })
  })

  test('changing to another person’s proven address tells that person, and changes nothing', async () => {
    await fixture().verified('neighbour')
    const id = await fixture().verified('envious')
    expect(await fixture().accounts.changeEmail(id, 'neighbour@example.org')).toBe(true)
    const mail = await fixture().lastMailTo('neighbour@example.org')
    expect(mail.subject).toMatch(/already have an account/)
    expect(await fixture().accounts.byId(id)).toMatchObject({ email: 'envious@example.org' })
  })

  test('a disabled account proves nothing', async () => {
    const { id, token } = await registered('banned')
    await fixture().accounts.disable(id)
    expect(await fixture().accounts.verification.byToken(token)).toEqual({ kind: 'expired' })
  })
})
