import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { orFailed, requireMatch, sendEtag } from '../http/etag.ts'
import type { OwnProviderState } from '../organizations/own-provider/own-provider.ts'
import { OWN_AUTH_METHODS, PROVIDER_LENGTHS } from '../shared/provider-limits.ts'
import { type ApiContext, withLimit } from './context.ts'
import { body, currentPassword, proofBody, text } from './fields.ts'
import { operation } from './operation.ts'
import { CHANGE, ONE, organizationId, organizationTag, PROOF, READ_ONE } from './organization-operations.ts'
import { requireManager, requirePerson } from './owner.ts'

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
  tag: organizationTag,
  summary: 'The sign-in provider of an organization that you manage',
  caller: {},
  safe: true,
  params: organizationId,
  answers: [200, 'As it is; `ETag` names its state.', state],
  problems: READ_ONE,
})

const save = operation({
  id: 'saveManagedOrganizationProvider',
  tag: organizationTag,
  summary: 'Set up or change the sign-in provider of an organization that you manage',
  description: `An OpenID provider. Without \`client_secret\` the one that is stored stays; another issuer needs it again. \`required\` needs a test without failures. ${PROOF}`,
  caller: {},
  conditional: true,
  params: organizationId,
  body: body({
    issuer: text(PROVIDER_LENGTHS.issuer),
    client_id: text(PROVIDER_LENGTHS.clientId),
    client_secret: text(PROVIDER_LENGTHS.clientSecret).optional(),
    auth_method: text(100)
      .optional()
      .meta({
        description: `One of ${OWN_AUTH_METHODS.map((method) => `\`${method}\``).join(', ')}; unless given, as it is, or the first.`,
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
  answers: [200, 'As it is now; `ETag` names its state.', state],
  problems: CHANGE,
})

const remove = operation({
  id: 'removeManagedOrganizationProvider',
  tag: organizationTag,
  summary: 'Remove the sign-in provider of an organization that you manage',
  description: `Nobody signs in there any more. ${PROOF}`,
  caller: {},
  conditional: true,
  params: organizationId,
  body: proofBody,
  answers: [204, 'Removed.'],
  problems: READ_ONE,
})

const test = operation({
  id: 'testManagedOrganizationProvider',
  tag: organizationTag,
  summary: 'Test the sign-in provider of an organization that you manage',
  description: `As administrators test theirs. ${PROOF}`,
  caller: {},
  params: organizationId,
  body: proofBody,
  answers: [200, 'What was found.', z.object({ findings: z.array(finding) })],
  problems: READ_ONE,
})

const toggle = (act: 'enable' | 'disable') =>
  operation({
    id: `${act}ManagedOrganizationProvider`,
    tag: organizationTag,
    summary: `Switch the sign-in provider of an organization that you manage ${act === 'enable' ? 'on' : 'off'}`,
    description: PROOF,
    caller: {},
    params: organizationId,
    body: proofBody,
    answers: [204, act === 'enable' ? 'It is on.' : 'It is off.'],
    problems: READ_ONE,
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
  const path = `${ONE}/provider` as const
  const manager = (request: FastifyRequest, id: string, password: string | undefined) =>
    requireManager(deps, request, password, (accountId) => ownProvider.get(accountId, id))

  function answer(reply: FastifyReply, own: OwnProviderState) {
    sendEtag(reply, own.version)
    return view(own)
  }

  /** Does a change of what `If-Match` names. @throws AppError precondition_failed (412) */
  async function changing<Result>(
    request: FastifyRequest,
    { version: ifVersion }: OwnProviderState,
    work: (given: { ifVersion?: string }) => Promise<Result>,
  ): Promise<Result> {
    return requireMatch(request, ifVersion) ? orFailed(work({ ifVersion })) : work({})
  }

  known.get(path, withLimit(show, read), async (request, reply) =>
    answer(reply, await ownProvider.get(requirePerson(request).account.id, request.params.id)),
  )

  known.put(path, withLimit(save, write), async (request, reply) => {
    const { id } = request.params
    const sent = request.body
    const by = await manager(request, id, sent.current_password)
    const before = await ownProvider.get(by, id)
    const input = {
      issuer: sent.issuer,
      clientId: sent.client_id,
      clientSecret: sent.client_secret,
      authMethod: sent.auth_method ?? before.provider?.authMethod ?? OWN_AUTH_METHODS[0],
      trustEmail: sent.trust_email ?? before.provider?.trustEmail ?? false,
      required: sent.required ?? before.required,
      join: sent.join ?? before.join,
      roles: sent.roles ?? before.roles.filter((role) => before.organization.givable.includes(role)),
    }
    await changing(request, before, (given) => ownProvider.save(by, id, input, given))
    return answer(reply, await ownProvider.get(by, id))
  })

  known.delete(path, withLimit(remove, write), async (request, reply) => {
    const { id } = request.params
    const by = await manager(request, id, request.body.current_password)
    await changing(request, await ownProvider.get(by, id), (given) => ownProvider.remove(by, id, given))
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
