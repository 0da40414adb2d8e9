import { z } from 'zod'
import type { SigningKeySummary } from '../../oidc/keys/keys.ts'
import { SIGNING_ALGORITHMS } from '../../shared/signing-algorithms.ts'
import type { RestContext } from './context.ts'
import { operation } from './operation.ts'
import { idParams, optionalBody, time, timeOrNull, timestamp } from './schemas.ts'

const area = 'keys' as const

const key = z
  .object({
    kid: z.string(),
    alg: z.string(),
    state: z
      .string()
      .meta({ description: 'pending, signing, published, retired (no longer published) or withdrawn.' }),
    created_at: timestamp,
    active_from: timestamp.meta({ description: 'From when it signs.' }),
    retired_at: timestamp.nullable().meta({ description: 'From when it is no longer published.' }),
    accepted_until: timestamp.nullable().meta({
      description:
        'Until when what it signed is accepted by this server itself, as id_token_hint; null: as long as it is published.',
    }),
  })
  .meta({ id: 'SigningKey', description: 'Never its private half.' })
const keys = z.object({ items: z.array(key) })

const listKeys = operation({
  id: 'listKeys',
  area,
  needs: 'key.read',
  summary: 'List signing keys',
  safe: true,
  answers: [200, 'All of them, also the retired ones.', keys],
})

const rotateKeys = operation({
  id: 'rotateKeys',
  area,
  needs: 'key.rotate',
  summary: 'Rotate signing keys',
  description:
    'New keys are published an hour before they sign, and the old ones until the last token that they signed has expired; their public halves are kept for as long as a session can last, so that an older id_token is still a hint. With `now` the old ones are withdrawn at once, which ends every token that they signed: for a key that leaked.',
  body: optionalBody(
    {
      alg: z.enum(SIGNING_ALGORITHMS, 'Use RS256, PS256, ES256 or EdDSA.').optional(),
      now: z.boolean('Use true or false.').optional(),
    },
    { alg: 'ES256' },
  ),
  answers: [200, 'All keys as they are now.', keys],
})

const retireKey = operation({
  id: 'retireKey',
  area,
  needs: 'key.retire',
  summary: 'Withdraw a key that no longer signs',
  description: 'At once, be it published or kept: what it signed is refused from then on.',
  params: idParams,
  answers: [200, 'All keys as they are now.', keys],
  problems: [409],
})

const view = (found: SigningKeySummary): z.input<typeof key> => ({
  kid: found.kid,
  alg: found.alg,
  state: found.state,
  created_at: time(found.createdAt),
  active_from: time(found.activeFrom),
  retired_at: timeOrNull(found.retiredAt),
  accepted_until: timeOrNull(found.acceptedUntil),
})

/** `/keys` */
export function keyRoutes({ app, deps }: RestContext): void {
  const limit = deps.limit('admin')

  app.get('/keys', { ...listKeys, ...limit }, async () => ({ items: (await deps.keys.list()).map(view) }))

  app.post('/keys/rotate', { ...rotateKeys, ...limit }, async (request) => {
    const { alg, now } = request.body
    const rotated = await deps.keys.rotate({ ...(alg && { alg }), ...(now !== undefined && { now }) })
    return { items: rotated.map(view) }
  })

  app.post('/keys/:id/retire', { ...retireKey, ...limit }, async (request) => ({
    items: (await deps.keys.retire(request.params.id)).map(view),
  }))
}
