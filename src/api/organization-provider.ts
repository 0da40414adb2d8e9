import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { OwnProviderState } from '../organizations/own-provider/own-provider.ts'
import { type ApiContext, withLimit } from './context.ts'
import { body, currentPassword, proofBody, text } from './fields.ts'
import { operation } from './operation.ts'
import { requireManager, requirePerson } from './owner.ts'

const tag = 'Organizations'
const params = z.object({ id: z.string().max(100) })
const PROOF = 'It needs `current_password`, unless the session’s sign-in is fresh.'
const READ = [401, 403, 404, 429, 503] as const
const CHANGE = [401, 403, 404, 409, 429, 503] as const

const provider = z.object({
  issuer: z.string(),
  client_id: z.string(),
  has_secret: z.boolean().meta({ description: 'The secret itself is never shown.' }),
  auth_method: z.string(),
  trust_email: z.boolean(),
  disabled: z.boolean(),
})
const state = z.object({
  provider: provider.nullable().meta({ description: 'Null: there is none yet.' }),
  closed: z.enum(['off', 'domain', 'administrators']).nullable().meta({
    description:
      'Why it cannot be set up or changed: the setting `manager_providers`, no domain is verified, or administrators have set one up.',
  }),
  redirect_uri: z.string().meta({ description: 'To be entered at the provider.' }),
  required: z.boolean().meta({ description: 'Addresses of the verified domains sign in there only.' }),
  join: z.boolean().meta({ description: 'Who signs in there becomes a member.' }),
  roles: z.array(z.string()).meta({ description: 'Of who becomes a member so.' }),
})
const finding = z.object({
  name: z.string(),
  status: z.enum(['ok', 'warn', 'fail']),
  message: z.string(),
  remedy: z.string().optional(),
})

const show = operation({
  id: 'managedOrganizationProvider',
  tag,
  summary: 'The sign-in provider of an organization that you manage',
  caller: {},
  safe: true,
  params,
  answers: [200, 'As it is.', state],
  problems: READ,
})

const save = operation({
  id: 'saveManagedOrganizationProvider',
  tag,
  summary: 'Set up or change the sign-in provider of an organization that you manage',
  description: `An OpenID provider. Without \`client_secret\` the one that is stored stays; another issuer needs it again. \`required\` needs a test without failures. ${PROOF}`,
  caller: {},
  params,
  body: body({
    issuer: text(2000),
    client_id: text(500),
    client_secret: text(16_384).optional(),
    auth_method: text(100).optional().meta({
      description: '`client_secret_basic`, unless given, or `client_secret_post`.',
    }),
    trust_email: z.boolean().optional(),
    required: z.boolean().optional(),
    join: z.boolean().optional(),
    roles: z.array(text(100)).max(100).optional(),
    current_password: currentPassword,
  }).meta({
    examples: [
      {
        issuer: 'https://login.acme.example',
        client_id: 'latchkey',
        client_secret: 'as the provider shows it',
        join: true,
        roles: ['member'],
        current_password: 'glass otter 72 harbour',
      },
    ],
  }),
  answers: [200, 'As it is now.', state],
  problems: CHANGE,
})

const remove = operation({
  id: 'removeManagedOrganizationProvider',
  tag,
  summary: 'Remove the sign-in provider of an organization that you manage',
  description: `Nobody signs in there any more. ${PROOF}`,
  caller: {},
  params,
  body: proofBody,
  answers: [204, 'Removed.'],
  problems: READ,
})

const test = operation({
  id: 'testManagedOrganizationProvider',
  tag,
  summary: 'Test the sign-in provider of an organization that you manage',
  description: `As administrators test theirs. ${PROOF}`,
  caller: {},
  params,
  body: proofBody,
  answers: [200, 'What was found.', z.object({ findings: z.array(finding) })],
  problems: READ,
})

const toggle = (act: 'enable' | 'disable') =>
  operation({
    id: `${act}ManagedOrganizationProvider`,
    tag,
    summary: `Switch the sign-in provider of an organization that you manage ${act === 'enable' ? 'on' : 'off'}`,
    description: PROOF,
    caller: {},
    params,
    body: proofBody,
    answers: [204, act === 'enable' ? 'It is on.' : 'It is off.'],
    problems: READ,
  })

const view = (own: OwnProviderState): z.input<typeof state> => ({
  provider: own.provider
    ? {
        ...{ issuer: own.provider.issuer, client_id: own.provider.clientId },
        ...{ has_secret: own.provider.hasSecret, auth_method: own.provider.authMethod },
        ...{ trust_email: own.provider.trustEmail, disabled: own.provider.disabled },
      }
    : null,
  closed: own.byAdministrators === undefined ? (own.closed ?? null) : 'administrators',
  redirect_uri: own.redirectUri,
  ...{ required: own.required, join: own.join, roles: [...own.roles] },
})

/** `/api/auth/me/organizations/:id/provider`: as `/account/organizations/:id/provider` has it. */
export function organizationProviderRoutes({ known, deps }: ApiContext): void {
  const { limit, ownProvider } = deps
  const read = limit('token')
  const write = limit('account')
  const path = '/me/organizations/:id/provider'
  const manager = (request: FastifyRequest, id: string, password: string | undefined) =>
    requireManager(deps, request, password, (accountId) => ownProvider.get(accountId, id))

  known.get(path, withLimit(show, read), async (request) =>
    view(await ownProvider.get(requirePerson(request).account.id, request.params.id)),
  )

  known.put(path, withLimit(save, write), async (request) => {
    const { id } = request.params
    const sent = request.body
    const by = await manager(request, id, sent.current_password)
    const before = await ownProvider.get(by, id)
    await ownProvider.save(by, id, {
      issuer: sent.issuer,
      clientId: sent.client_id,
      clientSecret: sent.client_secret,
      authMethod: sent.auth_method ?? before.provider?.authMethod ?? 'client_secret_basic',
      trustEmail: sent.trust_email ?? before.provider?.trustEmail ?? false,
      required: sent.required ?? before.required,
      join: sent.join ?? before.join,
      roles: sent.roles ?? before.roles.filter((role) => before.organization.givable.includes(role)),
    })
    return view(await ownProvider.get(by, id))
  })

  known.delete(path, withLimit(remove, write), async (request, reply) => {
    const { id } = request.params
    await ownProvider.remove(await manager(request, id, request.body.current_password), id)
    return reply.code(204).send()
  })

  known.post(`${path}/test`, withLimit(test, write), async (request) => {
    const { id } = request.params
    return { findings: await ownProvider.test(await manager(request, id, request.body.current_password), id) }
  })

  for (const act of ['enable', 'disable'] as const)
    known.post(`${path}/${act}`, withLimit(toggle(act), write), async (request, reply) => {
      const { id } = request.params
      const by = await manager(request, id, request.body.current_password)
      await ownProvider.setDisabled(by, id, act === 'disable')
      return reply.code(204).send()
    })
}
