import { z } from 'zod'
import type { InitialAccessTokenView } from '../../registration/tokens.ts'
import type { RestContext } from './context.ts'
import { callerOf } from './guard.ts'
import { createOnce } from './idempotency.ts'
import { refuseAdminScopes } from './machine.ts'
import { operation } from './operation.ts'
import { field, flag, idParams, list, text, time, timeOrNull, timestamp } from './schemas.ts'

const area = 'registration' as const

const token = z
  .object({
    id: z.string(),
    name: z.string(),
    state: z.string().meta({ description: 'active, revoked, expired or used_up.' }),
    uses_left: z.int().nullable().meta({ description: 'null: any number.' }),
    created_at: timestamp,
    expires_at: timestamp.nullable().meta({ description: 'null: never.' }),
    last_used_at: timestamp.nullable(),
    scope: z.string().meta({ description: 'Scopes of APIs that its clients may ask for.' }),
    redirect_hosts: z.array(z.string()),
    client_credentials: z.boolean(),
    verified: z.boolean(),
  })
  .meta({
    id: 'RegistrationToken',
    description: 'An initial access token (RFC 7591), without the token.',
  })

const made = token
  .extend({ token: z.string().meta({ description: 'Shown this once.' }) })
  .meta({ id: 'NewRegistrationToken' })

const tokenBody = z
  .looseObject(
    {
      name: text('Who or what it is for.', 'Build server'),
      uses: field(
        { type: ['integer', 'null'] },
        'How many clients it registers; null: any number. 1 unless given.',
      ),
      expires_in: field({ type: ['integer', 'null'] }, 'Seconds; null: never. A week unless given.'),
      scope: text('Scopes of your APIs that its clients may ask for.', 'books:read'),
      redirect_hosts: list(
        'Hosts that their redirect URIs have to be at, by http or https and at any port. None: anywhere.',
      ),
      client_credentials: flag('They may act for themselves.'),
      verified: flag('False: people are told that nobody has checked them. True unless given.'),
    },
    { error: 'Send a JSON object.' },
  )
  .meta({ examples: [{ name: 'Build server', uses: 10 }] })

const listTokens = operation({
  id: 'listRegistrationTokens',
  area,
  needs: 'registration_token.read',
  summary: 'List initial access tokens',
  safe: true,
  answers: [200, 'The newest 200.', z.object({ items: z.array(token) })],
})

const createToken = operation({
  id: 'createRegistrationToken',
  area,
  needs: 'registration_token.create',
  summary: 'Create an initial access token',
  description: 'A client that sends it registers itself at the `registration_endpoint` of discovery.',
  once: true,
  body: tokenBody,
  answers: [201, 'Created. `token` is shown this once.', made],
})

const revokeToken = operation({
  id: 'revokeRegistrationToken',
  area,
  needs: 'registration_token.revoke',
  summary: 'Revoke an initial access token',
  description: 'Clients that registered with it stay.',
  params: idParams,
  answers: [204, 'Revoked.'],
})

const view = ({ policy, ...found }: InitialAccessTokenView): z.input<typeof token> => ({
  id: found.id,
  name: found.name,
  state: found.state,
  uses_left: found.uses_left,
  created_at: time(found.created_at * 1000),
  expires_at: timeOrNull(found.expires_at && found.expires_at * 1000),
  last_used_at: timeOrNull(found.last_used_at && found.last_used_at * 1000),
  scope: policy.scope.join(' '),
  redirect_hosts: [...policy.redirect_hosts],
  client_credentials: policy.client_credentials,
  verified: policy.verified,
})

/** `/registration/tokens` */
export function registrationRoutes({ app, deps }: RestContext): void {
  const { registrationTokens: tokens } = deps
  const limit = deps.limit('admin')
  const once = createOnce(deps.answers)

  app.get('/registration/tokens', { ...listTokens, ...limit }, async () => ({
    items: (await tokens.list()).map(view),
  }))

  app.post('/registration/tokens', { ...createToken, ...limit }, async (request, reply) => {
    // The creator of an initial access token needs to be allowed the scopes that its clients may register.
    refuseAdminScopes(callerOf(request), { scope: [request.body.scope].flat().join(' ') })
    return once(request, reply, async () => {
      const created = await tokens.create(request.body)
      return { headers: {}, body: { ...view(created), token: created.token } }
    })
  })

  app.delete('/registration/tokens/:id', { ...revokeToken, ...limit }, async (request, reply) => {
    await tokens.revoke(request.params.id)
    return reply.code(204).send()
  })
}
