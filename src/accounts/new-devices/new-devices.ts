// Owns: telling people of a sign-in on a device that is new to their account, and the link with which they say that it was
// not theirs. Does not own: which browsers are known (lockout/remember-device.ts says it, by the cookie).
//
// A browser is known by its sealed cookie. A program that signs in by JSON for a token has no cookie, so it is known by
// its place: the network and the kind of program, in the last ninety days. That is weaker, since an attacker in the same network can
// look like its owner, and it is the most that such a request shows.
import type { Clock } from '../../shared/clock.ts'
import type { Account } from '../account.ts'
import type { Links } from '../email/links.ts'
import type { MailOut, SignInMethod } from '../email/mail-out.ts'
import { ofAccount, type SecurityEvents } from '../events.ts'
import type { AccountSessions } from '../sessions.ts'
import type { AccountSettings } from '../settings.ts'
import type { AccountStore } from '../store/store.ts'
import type { OneTimeTokens } from '../tokens/one-time-tokens.ts'
import type { TokenRow, TokenStore } from '../tokens/store.ts'
import { type Origin, placeOf } from './places.ts'
import { createSignInPlaces } from './store.ts'

/** A sign-in that has shown all that its account asks for. */
export interface Arrival extends Origin {
  accountId: string
  /** Its account as the sign-in has read it; undefined: it is looked up. */
  account?: Pick<Account, 'email' | 'displayUsername'> | undefined
  /** How, as the methods of RFC 8176. */
  amr: readonly string[]
  /** Of a sign-in at a provider: its name. */
  provider?: string | undefined
}

/** What the page behind “Not you?” says of the sign-in. */
export interface Disownable {
  username: string
  /** “Firefox on Linux”; null: it is none that is known. */
  device: string | null
  /** Milliseconds since the epoch: it is read in another language than that of the sign-in. */
  at: number
  /** “192.0.2.1 (Paris, France)” */
  address: string
}

export interface NewDevices {
  /** A sign-in in a browser that is no known device. @param told whether its owner is told, if it is not the first one */
  inBrowser(arrival: Arrival, told: boolean): void
  /** A sign-in by JSON that got tokens: told, if it comes from a place where the account was not seen lately. */
  byTokens(arrival: Arrival): void
  /** The sign-in of a link; uses nothing up. Undefined: it works no more. */
  peek(token: string): Promise<Disownable | undefined>
  /**
   * The sign-in was not its owner's: every sign-in, session and token of the account ends, and no other address is waited for any
   * more. Once; a link that sets a new password is sent. All of them, since a thief has had the time for a second one.
   * @returns whether a link was sent; `no_password`: there is none to be known by a thief. Undefined: the link works no more
   */
  disown(token: string): Promise<'sent' | 'no_password' | undefined>
}

/** Seconds that the link works. */
const TTL = 30 * 86_400

export function createNewDevices(
  deps: Parameters<typeof createSignInPlaces>[0] & {
    clock: Clock
    store: Pick<AccountStore, 'byId' | 'endSignIns'>
    tokens: Pick<OneTimeTokens, 'issue' | 'find'>
    tokenStore: Pick<TokenStore, 'use'>
    sessions: Pick<AccountSessions, 'endAll'>
    mail: MailOut
    links: Pick<Links, 'notMe'>
    events: SecurityEvents
    settings: Pick<AccountSettings, 'newDeviceMails'>
    signInMethods(accountId: string): Promise<{ password: boolean }>
    /** Sends a link that sets a password, whatever was sent before. */
    sendLetIn(account: Account): void
    /** A user agent in words; undefined: it is none that people know. */
    describeDevice(userAgent: string): string | undefined
    /** A network address, with its place if that is known. */
    describeAddress(address: string): Promise<string>
  },
): NewDevices {
  const { clock, store, tokens, mail } = deps
  const places = createSignInPlaces(deps)

  /** Behind the answer, which is the same and as fast for a device that is known. */
  const arrived = (arrival: Arrival, isTold: (seen: 'known' | 'new') => boolean) => {
    const at = clock()
    mail.defer(async () => {
      const { accountId, address, amr, provider, userAgent } = arrival
      const seen = await places.seen(accountId, placeOf(accountId, arrival, deps.describeDevice))
      if (seen === 'first' || !isTold(seen) || deps.settings.newDeviceMails === 'off') return undefined
      const account = arrival.account ?? (await store.byId(accountId))
      if (!account?.email) return undefined
      const device = deps.describeDevice(userAgent)
      const said: Disownable = {
        username: account.displayUsername,
        device: device ?? null,
        at,
        address,
      }
      // At most five an hour: who has the password floods no mailbox with it.
      const issued = await tokens.issue({
        purpose: 'not_me',
        accountId,
        email: account.email,
        ttl: TTL,
        code: false,
        details: JSON.stringify(said),
      })
      if (!issued) return undefined
      const data = {
        ...{ username: said.username, device, at, address: await deps.describeAddress(address) },
        ...{ how: howOf(amr), provider, link: deps.links.notMe(issued.token) },
      }
      return { to: account.email, template: 'new-device', data }
    })
  }

  async function find(token: string): Promise<{ row: TokenRow; account: Account } | undefined> {
    const row = await tokens.find(['not_me'], token)
    const account = row?.accountId ? await store.byId(row.accountId) : undefined
    // The address was changed since: the old mailbox has no say any more.
    return row && account && row.email === account.email ? { row, account } : undefined
  }

  return {
    inBrowser: (arrival, told) => arrived(arrival, () => told),
    byTokens: (arrival) => arrived(arrival, (seen) => seen === 'new'),

    async peek(token) {
      const { row, account } = (await find(token)) ?? {}
      if (!row?.details || !account) return undefined
      const said = JSON.parse(row.details) as Disownable
      return { ...said, username: account.displayUsername, address: await deps.describeAddress(said.address) }
    },

    async disown(token) {
      const found = await find(token)
      if (!found) return undefined
      const { row, account } = found
      // First: if it fails, the link still works. Twice does no more than once.
      await store.endSignIns(account.id)
      await deps.sessions.endAll(account.id)
      if (!(await deps.tokenStore.use(row.id))) return undefined
      deps.events.emit({ type: 'account.sign_in_disowned', ...ofAccount(account) })
      if (!(await deps.signInMethods(account.id)).password) return 'no_password'
      deps.sendLetIn(account)
      return 'sent'
    },
  }
}

function howOf(amr: readonly string[]): SignInMethod {
  const passkey = amr.includes('hwk') || amr.includes('swk')
  if (amr.includes('fed')) return 'provider'
  if (!amr.includes('pwd')) return passkey ? 'passkey' : 'code'
  if (passkey) return 'password_and_passkey'
  return amr.includes('mfa') ? 'password_and_second_factor' : 'password'
}
