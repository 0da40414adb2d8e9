import type { Finding } from '../shared/finding.ts'
import { Message } from '../shared/locales/texts.ts'
import type { PropertySetBy } from '../shared/profile/fields.ts'

/** What a provider says of a person: the fields of src/shared/profile/table.ts that are `setBy` a provider. URLs are acceptable ones. */
export type UpstreamProfile = { [Property in PropertySetBy<'provider'>]?: string | undefined }

/** What a provider vouches for, once its answer has been checked. */
export interface UpstreamIdentity extends UpstreamProfile {
  /** Who vouches: with `subject`, the only thing that identifies a person (OpenID Connect Core §5.7). */
  issuer: string
  /** The provider's own permanent id of the account, at most 255 characters; never a name or an address. */
  subject: string
  /** What the provider calls the account, if it has such a name. A suggestion, nothing more. */
  username?: string | undefined
  /** As the provider writes it; `verified`: the provider says that its owner has proven it. */
  email?: { address: string; verified: boolean } | undefined
  /** The provider's session (OpenID Connect Back-Channel Logout §2.1). */
  sid?: string | undefined
  /** Of id_token and userinfo, those that were asked for by name. */
  claims?: Readonly<Record<string, unknown>> | undefined
  tokens: UpstreamTokens
}

/** What the provider's token endpoint gave out. */
export interface UpstreamTokens {
  access_token: string
  refresh_token?: string | undefined
  id_token?: string | undefined
  scope?: string | undefined
  /** Seconds since the epoch. */
  expires_at?: number | undefined
}

/** The secrets of one authorization request (RFC 6749 §4.1.1), made when it begins and kept on the server. */
export interface AuthorizationRequest {
  state: string
  nonce: string
  /** RFC 7636 §4.1 */
  codeVerifier: string
}

export interface AuthorizationOptions {
  /** Our callback URL at this provider. */
  redirectUri: string
  /** Asks the provider to have the person prove themselves again, where it knows how. */
  again: boolean
}

/** What a logout token (OpenID Connect Back-Channel Logout §2.4) ends, once it has been checked. */
export interface UpstreamLogout {
  issuer: string
  subject?: string | undefined
  sid?: string | undefined
  /** Unique to the token; it is accepted once, which the caller has to see to. */
  jti: string
  /** Seconds since the epoch. */
  expiresAt: number
}

/**
 * One provider, configured. Small on purpose: where the browser goes, and who came back.
 * Every method that talks to the provider takes five seconds at most and throws UpstreamError.
 */
export interface Connector {
  /** Where the browser goes to sign in. */
  authorize(request: AuthorizationRequest, options: AuthorizationOptions): Promise<URL>
  /**
   * Who came back.
   * @param callback the URL that the provider sent the browser to, with its parameters
   * @param claims names of those that are wanted beside what identifies the person; userinfo is asked where the id_token lacks one
   * @throws UpstreamError `denied` when the person or the provider said no
   */
  identify(
    callback: URL,
    request: AuthorizationRequest,
    claims?: readonly string[],
  ): Promise<UpstreamIdentity>
  /** Looks for what is wrong with the configuration before a person finds out. Does not throw. */
  check(redirectUri: string): Promise<Finding[]>
  /** Present where the provider can tell us that a person signed out. @throws UpstreamError when the token is no good */
  logout?: (logoutToken: string) => Promise<UpstreamLogout>
}

/** The registration of Latchkey at a provider. */
export interface Registration {
  clientId: string
  /** A client secret, or a private key as JWK for `private_key_jwt`; undefined: a public client. */
  clientSecret: string | undefined
}

/**
 * `denied`: the person said no, or the provider would not · `unreachable`: no answer, or none within five seconds ·
 * `refused`: the provider refused us (a wrong secret, a code that is used up) · `invalid`: its answer is not what it
 * should be: nonsense, not signed by it, not meant for us, of another authorization request · `not_allowed`: an account that the
 * configuration does not let in
 */
export type UpstreamReason = 'denied' | 'unreachable' | 'refused' | 'invalid' | 'not_allowed'

/** Why a sign-in at a provider failed. The message is for the log: it holds no token, code or secret. */
export class UpstreamError extends Error {
  readonly reason: UpstreamReason
  readonly #said: Message | undefined

  /** @param said to who sets the provider up; the message, unless given */
  constructor(reason: UpstreamReason, message: string | Message, said?: Message) {
    super(message instanceof Message ? message.english : message)
    this.name = 'UpstreamError'
    this.reason = reason
    this.#said = said ?? (message instanceof Message ? message : undefined)
  }

  /** For who sets the provider up, in the language of the request that it is read in; what a server or library said stays as it is. */
  get said(): string {
    return String(this.#said ?? this.message)
  }
}
