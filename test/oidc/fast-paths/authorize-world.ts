import type { TestClient, Victim } from '../../security/attacker.ts'
import { passTime } from '../../security/attacker.ts'
import type { Latchkey } from '../../support/latchkey.ts'
import type { Answered } from './both-ways.ts'
import type { Random } from './requests.ts'
import { differences, totals } from './totals.ts'

// What the comparison of authorization requests looks at, and what happens between two of them.

export const cookieOf = (issuer: string, { browser }: Victim): string =>
  browser.cookies.header(new URL('/authorize', issuer)) ?? ''

export function keepCookies(issuer: string, { browser }: Victim, { headers }: Answered): void {
  browser.cookies.store(new URL('/authorize', issuer), headers['set-cookie'] ?? [])
}

/** Ids, codes, signatures and tokens are other ones each time, and people who are alike differ in their number. */
const alike = (text: string): string =>
  text.replaceAll(/[\w-]{27,}/g, (each) => `…${each.length}`).replaceAll(/\buser\d+\b/g, 'user')

/** An answer, without what is of this one alone. */
export function appearance({ status, headers, text }: Answered) {
  const {
    date: _d,
    'x-request-id': id,
    'content-length': length,
    'set-cookie': cookies = [],
    ...rest
  } = headers
  return {
    status,
    headers: { ...rest, location: alike(rest.location ?? '') },
    cookies: cookies.map((line) => alike(line).replace(/expires=[^;]*/i, 'expires')),
    times: cookies.map((line) => Date.parse(/expires=([^;]*)/i.exec(line)?.[1] ?? '') / 1000 || 0),
    length: text.length === 0 ? length : Buffer.byteLength(text) === Number(length),
    text: alike(text.replaceAll(String(id), 'its id')),
  }
}

/** What the protocol says of requests in the log. */
const saidIn = (lines: readonly string[]) =>
  lines.flatMap((line) => {
    const { event, msg, error, error_description, error_detail, client_id, scope, req, status } =
      JSON.parse(line)
    return event === undefined && msg !== 'request'
      ? []
      : [{ event, msg, error, error_description, error_detail, client_id, scope, req, status }]
  })

/** Counters and log at a moment. */
export async function stateOf(latchkey: Latchkey) {
  const counts = await totals(latchkey)
  const lines = latchkey.log.filter((line) => !line.includes('"/metrics"'))
  return {
    counts,
    lines,
    since: (before: { counts: Record<string, number>; lines: readonly string[] }) => ({
      counted: Object.entries(differences(before.counts, counts))
        .filter(([name]) => /^latchkey_|^audit$/.test(name))
        .sort(),
      said: saidIn(lines.slice(before.lines.length)),
    }),
  }
}

const UNLIKE = [
  'accountId',
  'grantId',
  'sessionUid',
  'sid',
  'incarnation',
  'jti',
  'uid',
  'cid',
  'returnTo',
] as const

/** All that is stored of a person, without ids, and its times. */
export async function rowsOf(latchkey: Latchkey, { user }: Victim) {
  const rows = await latchkey.services.db.artifacts.all<Record<string, string | null>>(
    'SELECT model, payload, authorizations, consumed_at, client_id, expires_at FROM artifacts WHERE account_id = ? AND destroyed_at IS NULL AND expires_at > ?',
    // Not what expires at this moment, or is swept.
    [user.id, Math.floor(Date.now() / 1000) + 30],
  )
  const stored = rows.map(({ payload, authorizations, expires_at, consumed_at, ...columns }) => {
    const all = JSON.parse(String(payload)) as Record<string, unknown>
    const { iat, exp, authTime, loginTs, signIns, secrets: _, session: _s, ...rest } = all
    const inColumn = JSON.parse(authorizations ?? '{}') as Record<string, Record<string, unknown>>
    for (const each of [rest, ...Object.values(inColumn)])
      for (const name of UNLIKE) if (name in each) each[name] = typeof each[name]
    // Moments in seconds: two sign-ins of one second are one.
    const fields = Object.entries({ ...rest, signIns: signIns && 'moments' }).sort()
    return {
      what: alike(JSON.stringify([columns, consumed_at !== null, fields, Object.values(inColumn)])),
      times: [exp, iat, authTime ?? loginTs, expires_at].map((time) => Number(time ?? 0)),
    }
  })
  const byAll = (one: (typeof stored)[0], other: (typeof stored)[0]) =>
    one.what.localeCompare(other.what) || (one.times[0] ?? 0) - (other.times[0] ?? 0)
  stored.sort(byAll)
  return { rows: stored.map(({ what }) => what), times: stored.flatMap(({ times }) => times) }
}

/** Seconds between what one request and the same of the other person, who has signed in at the same time, have left. */
const MOST_APART = 20

/** Which times are further apart than two requests are, one after the other. */
export const farApart = (one: readonly number[], other: readonly number[]): number[] =>
  one.map((time, index) => Math.abs(time - (other[index] ?? 0))).filter((apart) => apart > MOST_APART)

/** What happens to both people, or to the app, between two requests. */
export function createHappenings(latchkey: Latchkey, client: TestClient, pair: readonly Victim[]) {
  const { accounts, clients, artifacts, settings, db, access, consents, hooks, organizations, resources } =
    latchkey.services
  const id = client.client_id
  const each = (work: (account: string, person: Victim) => unknown) => async () => {
    for (const person of pair) await work(person.user.id, person)
  }
  const dropped = (model: string) =>
    each((account) =>
      db.artifacts.run('DELETE FROM artifacts WHERE model = ? AND account_id = ?', [model, account]),
    )
  const consenting = each(async (_, { browser }) => {
    const page = await browser.open(
      `${latchkey.issuer}/authorize?${new URLSearchParams({ client_id: id, redirect_uri: client.redirect_uri, response_type: 'code', scope: 'openid email', code_challenge: 'x'.repeat(43), code_challenge_method: 'S256' })}`,
    )
    if (page.forms.some(({ buttons }) => buttons.some(({ label }) => label === 'Allow')))
      await browser.allow(page)
  })
  const group = async () => (await access.groups.list()).items.find(({ name }) => name === 'Staff')?.id ?? ''
  const acme = async () => (await organizations.list()).items.find(({ slug }) => slug === 'acme')?.id ?? ''
  const ignore = () => undefined
  const all: Record<string, () => Promise<unknown>> = {
    nothing: async () => undefined,
    'both allow it': consenting,
    'both allow it, again': consenting,
    'a minute passes': async () => passTime(60),
    'a quarter of an hour passes': async () => passTime(950),
    'hours pass': async () => passTime(4 * 3600),
    'weeks pass': async () => passTime(9 * 24 * 3600),
    'the person is disabled': each((account) => accounts.disable(account).catch(ignore)),
    'the person is enabled': each((account) => accounts.enable(account).catch(ignore)),
    'the person signs out everywhere': each((account) => accounts.endSessions(account).catch(ignore)),
    'the person signs out': each(async (_, { browser }) => {
      const page = await browser.open(`${latchkey.issuer}/logout`)
      if (page.forms.length > 0) await browser.submit(page, {}, { button: 'Sign out' })
    }),
    'the session ends': each(async (account) => {
      for (const { payload } of await artifacts.listByAccount('Session', account))
        await artifacts.endSession(String(payload.uid))
    }),
    'the generation is another': each((account) =>
      db.prisma.account.updateMany({ where: { id: account }, data: { generation: { increment: 2 } } }),
    ),
    'the person counts no more': each((account) =>
      db.prisma.account.updateMany({ where: { id: account }, data: { disabledAt: new Date() } }),
    ),
    'the Grants end': dropped('Grant'),
    'the sessions are gone': dropped('Session'),
    'what was allowed is withdrawn': each((account) => consents.withdraw(account, id)),
    'the account is deleted': each((account) => accounts.delete(account).catch(ignore)),
    'the client is no longer first-party': () => clients.update(id, { first_party: false }),
    'the client is first-party': () => clients.update(id, { first_party: true }),
    'the client loses email': () => clients.update(id, { scope: 'openid profile books:read' }),
    'the client has all scopes': () =>
      clients.update(id, { scope: 'openid profile email books:read vault:read' }),
    'the client is not for everyone': () => clients.update(id, { access: { groups: ['Staff'] } }),
    'both are let in': each(async (account) => access.groups.addMember(await group(), account).catch(ignore)),
    'both are let out': each(async (account) =>
      access.groups.removeMember(await group(), account).catch(ignore),
    ),
    'the client needs a second factor': () => clients.update(id, { second_factor: 'required' }),
    'the client wants fresh sign-ins': () => clients.update(id, { max_auth_age: 30 }),
    'the client wants pushed requests': () =>
      clients.update(id, { require_pushed_authorization_requests: true }),
    'the client has a default of max_age': () => clients.update(id, { default_max_age: 30 }),
    'the client is for members': () => clients.update(id, { organizations: 'required' }),
    'the client has another redirect URI': () =>
      clients.update(id, { redirect_uris: ['https://app.example/other'] }),
    'the client is disabled': () => clients.disable(id),
    'the client is enabled': () => clients.enable(id).catch(ignore),
    'everybody needs a second factor': () => settings.change({ second_factor: 'everyone' }),
    'nobody does': () => settings.change({ second_factor: null }),
    'an administrator asks both for a second factor': each((account) =>
      db.prisma.account.updateMany({ where: { id: account }, data: { secondFactorRequired: true } }),
    ),
    'both join Acme': each(async (account) =>
      organizations.members.put(await acme(), account, ['member']).catch(ignore),
    ),
    'both leave Acme': each(async (account) =>
      organizations.members.remove(await acme(), account).catch(ignore),
    ),
    'Acme is disabled': async () => organizations.update(await acme(), { disabled: true }),
    'Acme needs a second factor': async () =>
      organizations.update(await acme(), { second_factor_required: true }),
    'Acme wants fresh sign-ins': async () => organizations.update(await acme(), { session_max_age: 300 }),
    'a hook is asked': () =>
      hooks.create({ name: 'asked', at: 'sign_in', url: 'http://127.0.0.1:9/', clients: [id] }).catch(ignore),
    'books are for roles alone': () => resources.update('https://books.example', { scopes_by_role: true }),
    'books are for all': () => resources.update('https://books.example', { scopes_by_role: false }),
  }
  const names = Object.keys(all)
  return {
    names,
    happen: (name: string) => all[name]?.(),
    /** As it is for the first request of an app. */
    async reset() {
      await settings.change({ second_factor: null })
      await organizations.update(await acme(), {
        disabled: false,
        second_factor_required: false,
        session_max_age: null,
      })
      await resources.update('https://books.example', { scopes_by_role: false })
      for (const { id: hook } of await hooks.list()) await hooks.remove(hook)
    },
    async one(random: Random): Promise<string> {
      const name = random.pick(names)
      await all[name]?.()
      return name
    },
  }
}
