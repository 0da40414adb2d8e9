import type { FastifyReply, FastifyRequest } from 'fastify'
import type { KnownDevices } from '../../http/cookies/known-devices.ts'
import type { RememberedAccounts } from '../../http/cookies/remembered-accounts.ts'
import type { SignInGate } from '../../shared/second-factor-rule.ts'
import type { UpstreamSession } from '../../shared/upstream-session.ts'
import type { Accounts } from '../accounts.ts'
import { deviceOf } from './devices.ts'

interface Generation {
  accountId: string
  generation: number
}

/** A sign-in in a browser, or another step of it. */
export interface BrowserSignIn extends Generation {
  /** What was shown so far. */
  amr: readonly string[]
  /** The name of the provider that it came through. */
  provider?: string | undefined
  /** The sign-in at that provider, where it has just come from there. */
  upstream?: UpstreamSession | undefined
  /** It needs no message: its owner has one of what they did, or has come by a link in a mail. */
  quiet?: boolean | undefined
}

/** What becomes of a browser in which a person signs in. */
export interface DeviceEffects {
  /** The browser becomes a known device of the account, so that wrong passwords of strangers do not lock it out. */
  rememberDevice(request: FastifyRequest, reply: FastifyReply, account: Generation): Promise<void>
  /**
   * The browser of a sign-in that has shown all that the account asks for becomes a known device of it; was it none, its owner is
   * told. Who has shown a part of it may be a thief: it stays a stranger. The account comes first in the list of the next sign-in.
   */
  signedIn(request: FastifyRequest, reply: FastifyReply, signIn: BrowserSignIn): Promise<void>
}

export function createDeviceEffects({
  accounts,
  devices,
  remembered,
  gate,
}: {
  accounts: Pick<Accounts, 'byId' | 'newDevices'>
  devices: Pick<KnownDevices, 'of' | 'remember'>
  /** The list to choose from at the next sign-in. */
  remembered: Pick<RememberedAccounts, 'remember'>
  gate: Pick<SignInGate, 'missing'>
}): DeviceEffects {
  const remember = (
    request: FastifyRequest,
    reply: FastifyReply,
    { accountId, generation }: Generation,
    { username, email }: { username: string; email: string | null },
  ) => devices.remember(request, reply, { accountId, generation, names: [username, email] })

  return {
    async rememberDevice(request, reply, of) {
      const account = await accounts.byId(of.accountId)
      if (account) remember(request, reply, of, account)
    },
    async signedIn(request, reply, signIn) {
      const { accountId, amr, provider, upstream, quiet = false } = signIn
      const account = await accounts.byId(accountId)
      if (!account || gate.missing(amr, account) !== undefined) return
      const known = deviceOf({ ...account, generation: signIn.generation }, devices.of(request))
      remember(request, reply, signIn, account)
      remembered.remember(request, reply, {
        ...{ id: accountId, name: account.displayUsername },
        way: amr.includes('fed') ? upstream?.provider : amr.includes('pwd') ? 'password' : 'passkey',
      })
      if (known !== undefined) return
      const userAgent = String(request.headers['user-agent'] ?? '').slice(0, 300)
      const arrival = { accountId, account, amr, provider, address: request.ip, userAgent }
      accounts.newDevices.inBrowser(arrival, !quiet)
    },
  }
}
