import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { profileFields } from '../../src/shared/profile/fields.ts'
import { readOutbox } from '../support/mailbox.ts'
import { createInstallation, type Installation } from './harness.ts'

const password = 'violet tractor ninety seas'

interface Page {
  items: { username: string }[]
  next_cursor?: string
}

describe.each(['sqlite', 'postgresql'] as const)('latchkey users on %s', (engine) => {
  let latchkey: Installation
  beforeAll(async () => {
    latchkey = await createInstallation({}, { engine })
  })
  afterAll(() => latchkey.remove())

  const create = (username: string, ...options: string[]) =>
    latchkey.run(
      [
        'users',
        'create',
        '--username',
        username,
        '--email',
        `${username}@mail.example`,
        '--password-stdin',
        ...options,
      ],
      { stdin: `${password}\n` },
    )

  test('create --json, with the password on standard input', async () => {
    const outcome = await create('Alice', '--admin', '--verified', '--json')
    expect([outcome.status, outcome.stderr]).toEqual([0, ''])
    expect(outcome.json()).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      username: 'Alice',
      email: 'alice@mail.example',
      email_verified: true,
      ...Object.fromEntries(profileFields.map(({ claim }) => [claim, null])),
      phone_number_verified: false,
      address: null,
      attributes: {},
      role: 'admin',
      second_factors: [],
      second_factor_required: false,
      disabled: false,
      invited_until: null,
      locked_until: null,
      created_at: expect.any(Number),
      last_sign_in_at: null,
    })
    expect(outcome.stdout).not.toContain(password)
  })

  test('without --verified, the address is asked for a proof', async () => {
    const outcome = await create('bob')
    expect(outcome.stdout).toMatch(
      /created\. They have to verify.*\n\n {2}username +bob\n {2}email +bob@mail\.example \(unverified\)/,
    )
    expect(await readdir(join(latchkey.dataDir, 'outbox'))).toHaveLength(1)
  })

  test('says everything that is wrong, by option', async () => {
    const { status, stdout, stderr } = await latchkey.run(
      ['users', 'create', '--email', 'nobody', '--password-stdin', '--json'],
      {
        stdin: password,
      },
    )
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/^error: --username: /m)
    expect(stderr).toMatch(/^error: --email: /m)
  })

  test('refuses a weak password and a username that is taken, and shows neither password', async () => {
    const weak = await latchkey.run(
      ['users', 'create', '--username', 'carol', '--email', 'carol@mail.example', '--password-stdin'],
      { stdin: 'password1234' },
    )
    expect([weak.status, weak.stdout]).toEqual([1, ''])
    expect(weak.stderr).toMatch(/^error: --password-stdin: /)
    expect(weak.stderr).not.toContain('password1234')
    const taken = await create('ALICE')
    expect([taken.status, taken.stderr]).toEqual([1, expect.stringMatching(/^error: --username: .*taken/)])
  })

  test.each([
    [[], password, 2, /--password-stdin: is missing/],
    [['--password-stdin'], '', 1, /nothing came on standard input/],
    [['--password-stdin'], '\n', 1, /nothing came on standard input/],
    [['--password-stdin'], 'x'.repeat(5000), 1, /too long/],
    [['--password', 'x'], '', 2, /unknown option '--password'/],
  ])('create %j is refused', async (options, stdin, status, message) => {
    const argv = ['users', 'create', '--username', 'dave', '--email', 'dave@mail.example', ...options]
    const outcome = await latchkey.run(argv, { stdin })
    expect([outcome.status, outcome.stdout]).toEqual([status, ''])
    expect(outcome.stderr).toMatch(message)
  })

  test('show, disable, enable, unlock, delete by ID, username or email address', async () => {
    const { id } = (await create('erin', '--verified', '--json')).json() as { id: string }
    for (const login of [id, 'erin', 'ERIN', 'erin@mail.example', 'Erin@Mail.example']) {
      expect((await latchkey.run(['users', 'show', login, '--json'])).json()).toMatchObject({
        id,
        username: 'erin',
      })
    }
    const disabled = await latchkey.run(['users', 'disable', 'erin@mail.example', '--json'])
    expect(disabled.json()).toEqual({ id, username: 'erin', disabled: true })
    expect((await latchkey.run(['users', 'list'])).stdout).toMatch(
      /^erin +erin@mail\.example +user +disabled +– +/m,
    )
    expect((await latchkey.run(['users', 'enable', 'erin'])).stdout).toBe(`erin (${id}) is enabled.\n`)
    expect((await latchkey.run(['users', 'unlock', id])).status).toBe(0)
    expect((await latchkey.run(['users', 'delete', id, '--json'])).json()).toEqual({
      id,
      username: 'erin',
      deleted: true,
    })
    const gone = await latchkey.run(['users', 'show', 'erin'])
    expect([gone.status, gone.stderr]).toEqual([
      1,
      'error: there is no account with the ID, username or email address erin\n',
    ])
  })

  test('let-in prints a link with which a locked-out administrator sets a new password; for nobody else', async () => {
    const created = await create('chief', '--admin', '--verified', '--json')
    const { id } = created.json() as { id: string }
    const outcome = await latchkey.run(['users', 'let-in', 'chief@mail.example', '--json'])
    expect([outcome.status, outcome.stderr]).toEqual([0, ''])
    expect(outcome.json()).toEqual({
      id,
      username: 'chief',
      link: expect.stringMatching(/^http:\/\/localhost:\d+\/reset-password\?token=[\w-]{43}$/),
      expires_in: 3600,
    })
    expect((await latchkey.run(['users', 'let-in', id])).stdout).toMatch(
      /^chief sets a new password by this link, once, within 60 minutes:\nhttp.*\nIt ends the lock/,
    )
    const refused = await latchkey.run(['users', 'let-in', 'bob'])
    expect([refused.status, refused.stdout]).toEqual([1, ''])
    expect(refused.stderr).toMatch(/^error: Only administrators are let in like this/)
    expect((await latchkey.run(['users', 'delete', id])).status).toBe(0)
  })

  test('set-role says what a person may do', async () => {
    const auditor = await latchkey.run(['users', 'set-role', 'bob@mail.example', 'auditor', '--json'])
    expect(auditor.json()).toMatchObject({ username: 'bob', role: 'auditor' })
    const again = await latchkey.run(['users', 'set-role', 'bob', 'user'])
    expect([again.status, again.stdout]).toEqual([
      0,
      expect.stringMatching(/^bob \([0-9a-f-]{36}\) has the role user\.\n$/),
    ])
    const unknown = await latchkey.run(['users', 'set-role', 'bob', 'root'])
    expect([unknown.status, unknown.stdout, unknown.stderr]).toEqual([
      1,
      '',
      expect.stringContaining('user, auditor, admin, or the name of an administrator role'),
    ])
    expect((await latchkey.run(['users', 'set-role', 'nobody', 'admin'])).status).toBe(1)
  })

  test.each([
    ['delete', 'alice'],
    ['disable', 'alice'],
    ['set-role', 'alice', 'auditor'],
  ])('the last administrator stays: %s', async (...argv) => {
    const { status, stderr } = await latchkey.run(['users', ...argv])
    expect([status, stderr]).toEqual([1, expect.stringMatching(/last administrator/)])
  })

  test('long lists come in pages', async () => {
    const first = (await latchkey.run(['users', 'list', '--limit', '1', '--json'])).json() as Page
    expect(first.items).toHaveLength(1)
    const second = (
      await latchkey.run(['users', 'list', '--cursor', first.next_cursor ?? '', '--json'])
    ).json() as Page
    const names = [...first.items, ...second.items].map(({ username }) => username)
    expect(names.toSorted()).toEqual(['Alice', 'bob'])
    const found = (await latchkey.run(['users', 'list', '--search', 'nobody-has-this', '--json'])).json()
    expect(found).toEqual({ items: [] })
    const bob = (await latchkey.run(['users', 'list', '--search', 'BO', '--json'])).json() as Page
    expect(bob.items.map(({ username }) => username)).toEqual(['bob'])
    expect((await latchkey.run(['users', 'list', '--limit', 'x'])).stderr).toMatch(/^error: --limit: /)
  })

  test('claims are set with create and changed with update; an empty value empties, --no-… takes back', async () => {
    const made = await create(
      ...['claimed', '--given-name', 'Ada', '--phone', '+44 20 7946 0123', '--phone-verified'],
      ...['--country', 'UK', '--json'],
    )
    expect(made.json()).toMatchObject({
      given_name: 'Ada',
      phone_number: '+442079460123',
      phone_number_verified: true,
      address: { country: 'UK' },
    })
    const update = (...options: string[]) => latchkey.run(['users', 'update', 'claimed', ...options])
    const changed = await update(
      ...['--birthdate', '1815-12-10', '--locality', 'London', '--given-name', ''],
      ...['--no-phone-verified', '--email', 'ada@mail.example', '--json'],
    )
    expect([changed.status, changed.stderr]).toEqual([0, ''])
    expect(changed.json()).toMatchObject({
      email: 'ada@mail.example',
      given_name: null,
      birthdate: '1815-12-10',
      phone_number_verified: false,
      address: { country: 'UK', locality: 'London' },
    })
    const wrong = await update('--birthdate', 'soon', '--country', 'x'.repeat(101))
    expect(wrong.status).toBe(1)
    expect(wrong.stderr).toMatch(/error: --birthdate: Write a date/)
    expect(wrong.stderr).toMatch(/error: --country: Use at most 100/)
    expect(await update()).toMatchObject({ status: 2, stderr: expect.stringContaining('nothing to change') })
  })

  test('sign-out ends sessions and tokens, send-reset sends a link', async () => {
    await create('leaver', '--verified')
    const out = await latchkey.run(['users', 'sign-out', 'leaver', '--json'])
    expect(out.json()).toMatchObject({ username: 'leaver', signed_out_everywhere: true })
    const sent = await latchkey.run(['users', 'send-reset', 'leaver@mail.example'])
    expect(sent.stdout).toMatch(/^leaver \(.*\) is sent a link\.\n$/)
    const mails = await readOutbox(join(latchkey.dataDir, 'outbox'))
    expect(mails.at(-1)).toMatchObject({
      to: 'leaver@mail.example',
      subject: expect.stringContaining('new password'),
    })
    const entries = await latchkey.run(['audit', 'list', '--json'])
    expect(entries.stdout).toContain('account.sessions_ended')
  })

  test('invite sends one mail and makes a username; it is sent again and withdrawn', async () => {
    const invite = (...options: string[]) => latchkey.run(['users', 'invite', ...options])
    const email = 'new.hand@mail.example'
    const made = await invite('--email', email, '--given-name', 'Nova', '--role', 'auditor', '--json')
    expect([made.status, made.stderr]).toEqual([0, ''])
    expect(made.json()).toMatchObject({
      username: 'new.hand',
      email_verified: false,
      given_name: 'Nova',
      role: 'auditor',
      invited_until: expect.any(Number),
    })
    const sent = async () =>
      (await readOutbox(join(latchkey.dataDir, 'outbox'))).filter((mail) => mail.to === email)
    expect((await sent()).map(({ text }) => text)).toEqual([
      expect.stringContaining('The administrator invites you'),
    ])
    const again = await invite('--email', email)
    expect([again.status, again.stderr]).toEqual([1, expect.stringMatching(/^error: --email: .* invited/)])
    expect((await latchkey.run(['users', 'resend-invitation', 'new.hand'])).stdout).toMatch(
      / is invited\.\n$/,
    )
    expect(await sent()).toHaveLength(2)
    expect((await latchkey.run(['users', 'show', 'new.hand'])).stdout).toMatch(/state +invited/)
    const gone = await latchkey.run(['users', 'withdraw-invitation', 'new.hand', '--json'])
    expect(gone.json()).toMatchObject({ username: 'new.hand', no_longer_invited: true })
    expect((await latchkey.run(['users', 'show', 'new.hand'])).status).toBe(1)
    expect((await invite('--email', email, '--role', 'root')).status).toBe(1)
  })
})
