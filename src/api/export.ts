import { Readable } from 'node:stream'
import { z } from 'zod'
import { isFresh } from '../shared/fresh-sign-in.ts'
import { type ApiContext, withLimit } from './context.ts'
import { operation } from './operation.ts'
import { insufficient, requirePerson } from './owner.ts'

const exportMe = operation({
  id: 'exportMe',
  tag: 'Profile',
  summary: 'Everything that is held about you',
  description:
    'Profile, linked sign-ins, sessions, consents, second factors without their secrets, and what happened on your account. Needs a token, or a session that is younger than 15 minutes; no HTTP Basic.',
  caller: {},
  safe: true,
  answers: [
    200,
    'One JSON document. Members may be added.',
    z.looseObject({ exported_at: z.iso.datetime(), issuer: z.string(), account: z.looseObject({}) }),
  ],
  problems: [401, 403, 429, 503],
})

/** `GET /api/auth/me/export`: as `/account/data` gives it. */
export function exportRoutes({ known, deps }: ApiContext): void {
  known.get('/me/export', withLimit(exportMe, deps.limit('account')), async (request, reply) => {
    const caller = requirePerson(request)
    if (caller.by === 'session' && !isFresh(deps.clock, caller.freshAt))
      throw insufficient('Sign in again, then repeat this.')
    const pieces = await deps.personalData.export(caller.account.id)
    // As it is: what streams is not checked against the schema, which fits.
    return reply.type('application/json; charset=utf-8').send(Readable.from(pieces) as never)
  })
}
