import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Http } from '../../http/http.ts'
import type { ClientView, LinkedSignInView, ProviderButton } from '../../http/pages/pages.ts'
import type { Clock } from '../../shared/clock.ts'
import type { Accounts } from '../accounts.ts'
import type { ConnectedAppView } from './account.ts'
import type { BrowserState, Pending, UpstreamSession } from './browser-state.ts'
import type { SignInForm } from './sign-in-form.ts'

/** The browser's sign-in session, as these pages need it. */
export interface Sessions {
  current(
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<{ accountId: string; generation: number; uid: string; loginTs: number } | undefined>
  start(
    request: FastifyRequest,
    reply: FastifyReply,
    who: {
      accountId: string
      generation: number
      amr: string[]
      upstream?: UpstreamSession | undefined
      /** When they proved who they are, in seconds since the epoch; now, unless said. */
      at?: number | undefined
    },
  ): Promise<void>
  ownerOf(
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<{ accountId: string; uid: string } | undefined>
  list(accountId: string): Promise<{ uid: string; device: string; detail: string }[]>
  end(accountId: string, uid: string, by: { own: boolean }): Promise<void>
  endOthers(
    request: FastifyRequest,
    reply: FastifyReply,
    session: { accountId: string; uid: string },
  ): Promise<void>
}

/** The apps that a person has allowed something. */
export interface ConnectedApps {
  list(accountId: string): Promise<(Omit<ConnectedAppView, 'action' | 'fields'> & { clientId: string })[]>
  withdraw(accountId: string, clientId: string): Promise<void>
}

export interface AccountPagesDependencies {
  clock: Clock
  issuer: URL
  http: Http
  accounts: Pick<
    Accounts,
    | 'byId'
    | 'register'
    | 'authenticate'
    | 'verification'
    | 'invitations'
    | 'setup'
    | 'forgot'
    | 'peekReset'
    | 'reset'
    | 'changePassword'
    | 'updateProfile'
    | 'changeEmail'
    | 'dropAddressChange'
  >
  browser: BrowserState
  signInForm: SignInForm
  sessions: Sessions
  apps: ConnectedApps
  /** The app that a sign-in is for; undefined: it is over, or never was. @param interaction its uid */
  appOf(interaction: string): Promise<ClientView | undefined>
  registration: 'open' | 'closed'
  passwordMinLength: number
  upstream: UpstreamSignIns
}

/** Signing in at a provider, as these pages show it. */
export interface UpstreamSignIns {
  /** Buttons “Continue with …”. */
  buttons(where: {
    interaction?: string | undefined
    returnTo?: string | undefined
    /** The token of an invitation that this accepts. */
    invitation?: string | undefined
    /** The person is signed in, and has to prove themselves once more. */
    again?: boolean
  }): Promise<ProviderButton[]>
  /** What one came back with, from the query of a page. */
  problem(query: unknown): Promise<string | undefined>
  /** Whether the browser came by a sign-in that its provider has ended since. */
  hasEnded(who: Pick<Pending, 'upstream' | 'at'>): Promise<boolean>
  /** What signs an account in. */
  signInMethods(accountId: string): Promise<{
    password: boolean
    linked: LinkedSignInView[]
    linkable: ProviderButton[]
  }>
}
