import { z } from 'zod'
import { ifMatch } from '../../http/etag.ts'
import { type Operation, routeOptions, wordsOf } from '../../http/operation.ts'
import { type Limit, needsOf, type Permission } from '../../shared/administration/permissions.ts'

/** Every problem that an operation can answer with, in the words of the OpenAPI document. */
const PROBLEMS = {
  400: 'The request cannot be read (`invalid_request`), or its `cursor` is of no page (`invalid_page`).',
  401: 'No access token (`invalid_credentials`), none that is good here (`invalid_token`), or one of a person whose sign-in is too old for this (`insufficient_user_authentication`). See `WWW-Authenticate`.',
  403: '`insufficient_scope`: the token may not do this. `forbidden`: the role of the person may not. `administration_not_granted`: a client that acts for itself may not grant administration, nor change what guards accounts.',
  404: 'There is none with this ID.',
  409: 'It cannot be done in the present state; `code` says why.',
  412: 'It was changed since: `If-Match` names another state (`precondition_failed`).',
  413: 'The body is larger than 64 KiB, or than the operation says (`too_large`).',
  415: 'The body is not JSON (`unsupported_media_type`).',
  422: 'Fields or parameters are missing, unknown or wrong; `errors` names each. `idempotency_key_reused`: the key was sent with another body.',
  429: 'Too many requests (`rate_limited`), or too many mails to one address (`too_many_mails`); `Retry-After` says when to try again.',
  503: 'The database cannot be reached (`database_unavailable`); `Retry-After` says when to try again.',
} as const

type ProblemStatus = keyof typeof PROBLEMS

interface AdminOperation<
  Success extends number,
  Schema extends z.ZodType,
  Body extends z.ZodType,
  Params extends z.ZodType,
  Query extends z.ZodType,
> extends Operation<Success, Schema, Body, Params, Query> {
  area:
    | 'clients'
    | 'users'
    | 'groups and roles'
    | 'organizations'
    | 'attributes and claims'
    | 'APIs'
    | 'sign-in providers'
    | 'keys'
    | 'registration'
    | 'refused requests'
    | 'audit log'
    | 'configuration'
    | 'SCIM tokens'
    | 'hooks'
    | 'administrator roles'
    | 'webhooks'
    | 'overview'
    | 'settings'
  /** The permission that it needs. */
  needs: Permission
  /** By which permission fields of its body are given. */
  also?: readonly Permission[]
  /** Those of `also` that open it alone, for their field alone. */
  alone?: readonly Permission[]
  /** Roles with this limit may use it, and it keeps to that. */
  within?: Limit
  /** Takes `If-Match`. */
  conditional?: true
  /** Takes `Idempotency-Key`. */
  once?: true
  problems?: readonly ProblemStatus[]
}

const idempotencyKey = {
  'idempotency-key': z.string().optional().meta({
    description:
      'A random value for this request. For 24 hours a repetition gets the first answer again and creates nothing new.',
  }),
}

/** Of every permission that is dangerous by the table. */
const FRESH = 'For a person, asks for a sign-in of the last 15 minutes (RFC 9470).'

/**
 * What Fastify needs of an operation: who may call it, validation, serialization and documentation, all from here.
 * What is not a GET brings the answers to a body that cannot be read.
 */
export function operation<
  Success extends number,
  Schema extends z.ZodType = z.ZodUndefined,
  Body extends z.ZodType = z.ZodUnknown,
  Params extends z.ZodType = z.ZodUnknown,
  Query extends z.ZodType = z.ZodUnknown,
>(described: AdminOperation<Success, Schema, Body, Params, Query>) {
  const { description, area, needs, body, params, query, conditional, once } = described
  const statuses: ProblemStatus[] = [
    ...([401, 403, 429, 503] as const),
    ...(params ? ([404] as const) : []),
    ...(described.safe ? [] : ([400, 413, 415] as const)),
    ...(conditional ? ([412] as const) : []),
    ...(once ? ([400, 409, 422] as const) : []),
    ...(body || query ? ([422] as const) : []),
    ...(described.problems ?? []),
  ]
  const fresh = needsOf(needs) === 'dangerous' ? FRESH : undefined
  const documented = [description, fresh].filter((text) => text !== undefined).join(' ')
  // What an unknown header field says is left alone.
  const headers = z.looseObject({
    ...(conditional && ifMatch),
    ...(once && idempotencyKey),
  })
  return {
    config: {
      forPrograms: true as const,
      admin: needs,
      ...(described.also && { adminAlso: described.also }),
      ...(described.alone && { adminAlone: described.alone }),
      ...(described.within && { within: described.within }),
    },
    ...routeOptions(described, {
      tag: `Administration: ${area}`,
      description: documented === '' ? undefined : documented,
      problems: wordsOf(PROBLEMS, statuses),
      security: [{ administration: [needsOf(needs) === 'read' ? 'admin:read' : 'admin:write'] }],
      headers: conditional || once ? headers : undefined,
    }),
  }
}
