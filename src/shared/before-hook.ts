/** What is asked before something happens, and what the answers come to; src/hooks asks, other rooms wait for it. */

/** What is about to happen. Never passwords, codes or tokens. */
export interface AboutToHappen {
  /** Undefined: none, as of a registration or a client that acts for itself. */
  user?: { id?: string | undefined; username: string; email: string | null } | undefined
  /** Names; read where a hook is asked. */
  groups?: (() => Promise<readonly string[]>) | undefined
  clientId?: string | undefined
  /** Of the browser or program, as far as it is known. */
  address?: string | undefined
  scopes?: readonly string[] | undefined
  /** How the person has signed in (RFC 8176). */
  amr?: readonly string[] | undefined
  /** Of a token request (RFC 6749). */
  grantType?: string | undefined
}

export type HookMoment = 'sign_in' | 'registration' | 'token'

/** Claims by the token that has them. */
export interface TokenClaims {
  access_token?: Readonly<Record<string, unknown>> | undefined
  id_token?: Readonly<Record<string, unknown>> | undefined
}

export interface Verdict {
  /** Plain text for the person, where it is denied. */
  denied?: string | undefined
  /** The sign-in has to show a second factor. */
  secondFactor: boolean
  /** Of tokens: under no reserved name. */
  claims: TokenClaims
}

export interface BeforeHooks {
  /** Whether one would be asked: no statement, no wait. */
  asked(at: HookMoment, clientId: string | undefined): boolean
  /** Asks all that are due, at once. Never throws; takes a second at most. */
  ask(at: HookMoment, about: AboutToHappen): Promise<Verdict>
}

export const ALLOWED: Verdict = { secondFactor: false, claims: {} }
