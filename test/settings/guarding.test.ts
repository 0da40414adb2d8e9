import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DESCRIPTIONS, defaultOf, NAMES, type SettingName, settingOf } from '../../src/settings/table.ts'
import { machine, person, type Rest } from '../admin/rest/support.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'

/** Settings that a client may change which acts for itself, each with the reason why that opens no door to an account. */
const HARMLESS: Partial<Record<SettingName, string>> = {
  registration: 'new accounts alone, which such a client may create anyway',
  identifier_first: 'in which order a person is asked; what is checked stays',
  remembered_accounts: 'names that a browser knew; it signs nobody in',
  app_launcher: 'links to apps that one may use already',
  email_domains: 'new accounts alone; who has one goes on to prove the address',
  access_token_ttl: 'what an app holds, a week at most; no proof of a person',
  refresh_token_ttl: 'what an app holds; it ends with the sign-ins of its person',
  sign_out_confirmation: 'how a sign-in ends',
  default_locale: 'the words of pages and mails, for those who say no language',
  pkce_default: 'new clients alone; `auto` asks for PKCE or a nonce',
  redirect_hosts:
    'which URIs clients may have; codes go there after consent, and first-party clients are not to be changed',
  redirect_schemes: 'as redirect_hosts',
  dynamic_registration:
    'clients whose people are asked for consent, as for those that the caller may register',
  client_metadata_documents: 'as dynamic_registration',
  unverified_client_scopes: 'never scopes of administration; people are asked for consent',
  key_rotation_days: 'keys rotate at their time; those that leaked are removed by hand',
  rate_limit_password_strength: 'how often a password is judged while it is typed, which stores nothing',
  rate_limit_register: 'new accounts',
  rate_limit_mail: 'messages to the owner of a mailbox',
  rate_limit_mail_per_account: 'messages to the owner of a mailbox',
  rate_limit_authorization: 'load',
  rate_limit_device_authorization: 'load',
  rate_limit_token: 'load; failed authentications are counted by failing_client',
  rate_limit_client_registration: 'load',
  rate_limit_open_registration: 'load',
  rate_limit_scim: 'load; wrong tokens are counted by themselves',
  rate_limit_admin: 'load; sign-ins to the console are counted by sign_in',
}

const GUARDING = DESCRIPTIONS.filter(({ guards }) => guards).map(({ name }) => name)

const refused = { status: 403, json: { code: 'administration_not_granted' } }
let latchkey: Latchkey
let program: Rest
beforeAll(async () => {
  latchkey = await startLatchkey({ env: { RATE_LIMIT: '', LOCKOUT_SECONDS: '', NEW_DEVICE_MAILS: '' } })
  program = (await machine(latchkey)).rest
})
afterAll(() => latchkey.stop())

const apply = (rest: Rest, settings: object) =>
  rest.post('/configuration/apply', { yaml: `version: 1\nsettings: ${JSON.stringify(settings)}\n` })
/** Another good value than the default. */
const another = (name: SettingName): unknown => {
  const { input } = settingOf(name)
  const usual = defaultOf(name, latchkey.issuer)
  if (input.kind === 'number') return usual === input.high ? input.low : input.high
  if (input.kind === 'choice') return input.options.find((option) => option !== usual)
  const texts: Partial<Record<SettingName, unknown>> = {
    password_words: ['example'],
    breach_api_url: 'https://ranges.example/',
    passkey_origins: ['https://shop.example'],
    mail_from: 'no-reply@example.com',
    access_contact: 'help@example.com',
    sms_url: 'https://attacker.example/?s={secret}&c={code}&to={to}',
    sms_headers: 'X-Secret: {secret}',
    sms_body: 'to={to}&text={text}',
    sms_success: 'ok',
    sms_prefixes: ['+44'],
    email_domains: ['example.com'],
    organization_roles: ['owner'],
    organization_manager_roles: ['owner'],
    redirect_hosts: ['nas.lan'],
    redirect_schemes: ['cursor'],
    unverified_client_scopes: ['books:read'],
  }
  return texts[name]
}

test('each setting either guards accounts or is named here as harmless, with a reason', () => {
  const undecided = NAMES.filter((name) => GUARDING.includes(name) === (HARMLESS[name] !== undefined))
  expect(undecided).toEqual([])
  expect(Object.keys(HARMLESS).filter((name) => !NAMES.includes(name as SettingName))).toEqual([])
})

describe('a client that acts for itself', () => {
  test.each(GUARDING)('cannot change %s, be it by a file', async (name) => {
    const value = another(name)
    expect(value).toBeDefined()
    expect(await program.patch('/settings', { [name]: value, registration: 'closed' })).toMatchObject(refused)
    expect(await program.patch('/settings', { [name]: null })).toMatchObject(refused)
    const plan = await program.post('/configuration/plan', {
      yaml: `version: 1\nsettings: ${JSON.stringify({ [name]: value })}\n`,
    })
    expect(plan.json).toMatchObject({ changes: [{ kind: 'setting', name }] })
    expect(await apply(program, { [name]: value, registration: 'closed' })).toMatchObject(refused)
    const { settings } = await latchkey.services.settings.list()
    expect(settings.filter(({ changed }) => changed)).toEqual([])
  })

  test.each(Object.keys(HARMLESS) as SettingName[])('can change %s', async (name) => {
    expect(await program.patch('/settings', { [name]: another(name) })).toMatchObject({ status: 200 })
    await latchkey.services.settings.change({ [name]: null })
  })

  test('resets none by a file that leaves it out', async () => {
    await latchkey.services.settings.change({ lockout_failures: 3 })
    const yaml = 'version: 1\nsettings: {}\nprune: { settings: true }\n'
    expect(await program.post('/configuration/apply', { yaml })).toMatchObject(refused)
    expect(latchkey.services.settings.values.lockoutFailures).toBe(3)
    // What the file says already is no change.
    expect(await apply(program, { lockout_failures: 3 })).toMatchObject({ status: 200 })
    await latchkey.services.settings.change({ lockout_failures: null })
  })
})

test('an administrator can', async () => {
  const { rest } = await person(latchkey, 'admin')
  expect(await rest.patch('/settings', { lockout_failures: 3 })).toMatchObject({ status: 200 })
  expect(await apply(rest, { lockout_failures: 4 })).toMatchObject({ status: 200 })
})
