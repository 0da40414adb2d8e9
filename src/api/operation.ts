import { z } from 'zod'
import { ifMatch } from '../http/etag.ts'
import { type Operation, routeOptions, wordsOf } from '../http/operation.ts'
import type { CallerRules } from './callers.ts'

/** Every problem that an operation can answer with, in the words of the OpenAPI document. */
const PROBLEMS = {
  400: 'The body is not JSON, or holds a NUL character (`invalid_request`). `upstream_expired`, `upstream_failed`: nothing came of a sign-in at a provider.',
  401: 'Not signed in, or not with what this needs: `invalid_credentials`, `invalid_token`, `invalid_grant`. `app_password_required`: HTTP Basic with the password of an account that has a second factor. The challenges are in `WWW-Authenticate`.',
  403: '`unconfirmed_account`: the email address has to be verified first. `insufficient_scope`: the token may not do this. `insufficient_user_authentication`: the sign-in has to show the second factor, or HTTP Basic is not enough for this. `https_required`: HTTP Basic over plain http. `registration_closed`. `account_disabled`. `account_leaving`: its owner wants it deleted. `provider_required`: the address signs in at the provider of its organization, whose ID is in `provider`. `upstream_denied`, `upstream_not_allowed`: the provider, or the configuration of it here, said no. `cross_site_request`. `not_yours_to_remove`, `group_of_administration`: an administrator has to. `not_yours_to_change`: another manager or an administrator has to.',
  404: '`link_expired`: never sent, used already, or too old. `provider_not_found`: no such provider, or it is switched off. `factor_not_found`, `app_password_not_found`. `group_not_found`: none that you manage. `not_a_member`.',
  409: '`invalid_fields`: the username is taken. `email_taken`: another account has proven the address. `invitation_waits`: the person who signs in at a provider was invited, and accepts by the link. `last_administrator`: nobody could administer this server. `no_second_factor`: set one up first. `too_many_app_passwords`.',
  412: 'It was changed since: `If-Match` names another state (`precondition_failed`).',
  413: 'The body is larger than 16 KiB, or than the operation says (`too_large`).',
  415: 'The body is not `application/json` (`unsupported_media_type`, `json_required`).',
  422: 'Fields are missing, unknown or wrong; `errors` names each (`invalid_fields`).',
  429: 'Too many attempts (`rate_limited`, `too_many_mails`, `too_many_messages`); `Retry-After` says when to try again.',
  503: 'Too much to do at this moment (`overloaded`), or the provider does not answer (`upstream_unreachable`); `Retry-After` says when to try again.',
} as const

type ProblemStatus = keyof typeof PROBLEMS

interface ApiOperation<
  Success extends number,
  Schema extends z.ZodType,
  Body extends z.ZodType,
  Params extends z.ZodType,
  Query extends z.ZodType,
> extends Operation<Success, Schema, Body, Params, Query> {
  tag:
    | 'Tokens'
    | 'Session'
    | 'Profile'
    | 'Email and password'
    | 'Sign-in providers'
    | 'Second factors'
    | 'Groups'
    | 'Organizations'
  /** Left out: anybody may call it. */
  caller?: CallerRules
  /** Takes `If-Match`. */
  conditional?: true
  /** Where a redirect (303) leads, if the answer can be one. */
  redirects?: string
  problems: readonly ProblemStatus[]
}

const SECURITY: Record<'any' | 'password', Record<string, string[]>[]> = {
  any: [{ bearer: [] }, { basic: [] }, { session: [] }],
  password: [{ basic: [] }],
}

function securityOf(caller: CallerRules): Record<string, string[]>[] {
  if (caller.password) return SECURITY.password
  return caller.optional ? [{}, ...SECURITY.any] : SECURITY.any
}

/**
 * What Fastify needs of an operation: validation, serialization and documentation come from the same schemas.
 * What is not a GET brings the answers to a body that cannot be read and to other sites.
 */
export function operation<
  Success extends number,
  Schema extends z.ZodType = z.ZodUndefined,
  Body extends z.ZodType = z.ZodUnknown,
  Params extends z.ZodType = z.ZodUnknown,
  Query extends z.ZodType = z.ZodUnknown,
>(described: ApiOperation<Success, Schema, Body, Params, Query>) {
  const { tag, caller, body, query, redirects, conditional } = described
  const unreadable: ProblemStatus[] = described.safe ? [] : [400, 403, 413, 415]
  const wrong: ProblemStatus[] = body || query ? [422] : []
  const changed: ProblemStatus[] = conditional ? [412] : []
  return {
    config: { forPrograms: true as const, ...(caller && { caller }) },
    ...routeOptions(described, {
      tag,
      problems: wordsOf(PROBLEMS, [...described.problems, ...unreadable, ...wrong, ...changed]),
      security: caller && securityOf(caller),
      redirects,
      // What an unknown header field says is left alone.
      headers: conditional ? z.looseObject(ifMatch) : undefined,
    }),
  }
}
