import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ShownClient } from '../../http/pages/pages.ts'
import type { NeededFactor } from '../../shared/acr.ts'
import type { Authentication } from '../sessions/sign-in.ts'

/**
 * An authorization request that waits for a person: what the sign-in and consent pages know of it, and the ways it goes on. The pages
 * never see the protocol library.
 *
 *   /authorize ──303──► /interaction/:uid ──(signIn | allow | refuse)──303──► /authorize/:uid ──► the app
 */
export interface InteractionDetails {
  uid: string
  prompt: 'login' | 'consent' | 'select_account' | 'mfa' | 'access' | 'organization' | 'hook'
  /** What a hook tells the person, where one has denied the sign-in. */
  denied: string | undefined
  /** What a second factor has to show, where the interaction waits for one. */
  needed: NeededFactor | undefined
  client: ShownClient & { id: string; unverified: boolean }
  /** The account that is signed in, if any. */
  accountId: string | undefined
  loginHint: string | undefined
  /** The account that the client asks for (`id_token_hint`), which alone can end the interaction; undefined: any account can. */
  expects: string | undefined
  /** When the interaction began, in seconds since the epoch. */
  startedAt: number
  /** Where the person goes on to; undefined: nowhere, as with a device. */
  leadsTo: { website: string } | { appScheme: string } | undefined
  /** The organization that the request names; undefined: none. */
  organization: string | undefined
  /** A page of the client, for a person who has nothing left to do here. */
  homeUrl: string | undefined
  /** The authorization request, to be made once more; undefined: it was pushed, and works once (RFC 9126). */
  restartUrl: string | undefined
  /** The device that asks (RFC 8628), as it came to ask for its code; undefined: an app in this browser asks. */
  device: { address: string; userAgent: string; askedAt: number; expired: boolean } | undefined
  /** Every scope that was asked for. */
  requestedScopes: string[]
  /** Every claim that was asked for by itself, beside those that the scopes bring. */
  requestedClaims: string[]
  /** Whether the client gets refresh tokens. */
  staysConnected: boolean
  /** What of it has not been allowed yet. */
  missing: { scopes: string[]; resources: Record<string, string[]>; claims: string[] }
}

/** Who has signed in for an authorization request. */
export interface InteractionSignIn extends Omit<Authentication, 'upstream'> {
  /** The session of an earlier sign-in: if it ends before the request goes on, so does this sign-in. */
  sessionUid?: string
}

/** Each way on gives the URL to redirect (303) to. All throw AppError interaction_expired when the interaction is over. */
export interface Interactions {
  details(request: FastifyRequest, reply: FastifyReply): Promise<InteractionDetails>
  /**
   * @throws AppError another_account (403) when the authorization request asks for another account
   */
  signIn(request: FastifyRequest, reply: FastifyReply, signIn: InteractionSignIn): Promise<string>
  /** The sign-in of this browser, if it happened after the authorization request, and so answers it. */
  answeredBy(
    request: FastifyRequest,
    reply: FastifyReply,
    details: Pick<InteractionDetails, 'startedAt' | 'accountId'>,
  ): Promise<InteractionSignIn | undefined>
  /**
   * The person who is signed in has shown a second factor. If that sign-in has ended since, or is another one's, the interaction goes on as if
   * nothing had been shown.
   */
  verify(
    request: FastifyRequest,
    reply: FastifyReply,
    shown: { accountId: string; amr: readonly string[] },
  ): Promise<string>
  /**
   * An interaction that waits for a second factor goes on, if the sign-in of this browser has shown it since: here, in another tab, or by
   * setting one up. Undefined: it has not.
   */
  verifiedSince(
    request: FastifyRequest,
    reply: FastifyReply,
    details: Pick<InteractionDetails, 'accountId' | 'needed'>,
  ): Promise<string | undefined>
  /** An interaction that waits because its client is not for the person goes on, if it is by now. Undefined: it is not. */
  admittedSince(
    request: FastifyRequest,
    reply: FastifyReply,
    details: Pick<InteractionDetails, 'accountId'>,
  ): Promise<string | undefined>
  /**
   * What the person of an interaction that waits for an organization can do: choose one, or nothing where the request names one that they are no
   * member of. A URL: nothing is left to ask, and the interaction goes on.
   */
  organizations(
    request: FastifyRequest,
    reply: FastifyReply,
    details: Pick<InteractionDetails, 'accountId' | 'organization'>,
  ): Promise<string | readonly { id: string; name: string; slug: string }[]>
  /** The person signs in for one of their organizations; where it is none of theirs, the interaction goes on and asks again. */
  choose(request: FastifyRequest, reply: FastifyReply, organization: string): Promise<string>
  /** Adds the requested scopes and claims to the Consent. */
  allow(request: FastifyRequest, reply: FastifyReply): Promise<string>
  /** The interaction goes on with the account that is signed in (`prompt=select_account`). */
  select(request: FastifyRequest, reply: FastifyReply): Promise<string>
  /** Ends the interaction: the client gets `access_denied`. */
  refuse(request: FastifyRequest, reply: FastifyReply): Promise<string>
  /**
   * Ends the interaction of a person who leaves it. The client gets `access_denied`; a device gets no answer, and its user code is free
   * again: a person who has not signed in decides nothing.
   */
  cancel(request: FastifyRequest, reply: FastifyReply): Promise<string>
}
