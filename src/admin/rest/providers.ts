import { z } from 'zod'
import type { ProviderView } from '../../federation/providers/view.ts'
import { orFailed, requireMatch, sendEtag } from '../../http/etag.ts'
import type { RestContext } from './context.ts'
import type { RestDependencies } from './dependencies.ts'
import { callerOf } from './guard.ts'
import { createOnce } from './idempotency.ts'
import { refuseMembershipRules, refuseOrganizationProviders, refuseSplitProviders } from './machine.ts'
import { operation } from './operation.ts'
import { field, flag, idParams, list, text } from './schemas.ts'

const area = 'sign-in providers' as const

const MODES = ['add', 'sync'] as const

const membershipRule = z.object({
  claim: z.string(),
  value: z.string(),
  group: z.string().optional(),
  role: z.string().optional(),
})

const provider = z
  .object({
    id: z.string(),
    kind: z.string(),
    name: z.string(),
    client_id: z.string(),
    has_secret: z.boolean(),
    settings: z
      .record(z.string(), z.unknown())
      .meta({ description: 'What was set; the rest has its default.' }),
    email_domains: z.array(z.string()),
    keep_tokens: z.boolean(),
    membership_mode: z.enum(MODES),
    membership_rules: z.array(membershipRule),
    organization: z
      .string()
      .nullable()
      .meta({ description: 'The ID of the organization whose it is; null: the whole server’s.' }),
    disabled: z.boolean(),
    source: z
      .enum(['environment', 'database'])
      .meta({ description: 'Where it is set, and has to be changed.' }),
    callback_url: z.string().meta({ description: 'To be entered at the provider.' }),
    backchannel_logout_url: z.string().optional(),
  })
  .meta({ id: 'Provider', description: 'Another service that people may sign in with. Never its secret.' })

const finding = z.object({
  name: z.string(),
  status: z.string().meta({ description: 'ok, warn or fail.' }),
  message: z.string(),
  remedy: z.string().optional(),
})

const anyOf = new Intl.ListFormat('en-GB', { type: 'disjunction' })

type Kinds = RestDependencies['providers']['kinds']

const TYPES = {
  text: { type: 'string' },
  url: { type: 'string', format: 'uri' },
  flag: { type: 'boolean' },
  pairs: { type: 'object', additionalProperties: { type: 'string' } },
} as const

/** What `settings` may be, a JSON Schema a kind, made of the kind's fields. */
const settingsOf = (kinds: Kinds) => ({
  anyOf: Object.entries(kinds).map(([kind, { fields }]) => ({
    title: kind,
    type: 'object',
    properties: Object.fromEntries(
      Object.entries(fields).map(([name, { input, choices, sentence, example }]) => [
        name,
        { ...TYPES[input], ...(choices && { enum: choices }), description: sentence, examples: [example] },
      ]),
    ),
    required: Object.keys(fields).filter((name) => !fields[name]?.schema.safeParse(undefined).success),
    additionalProperties: false,
  })),
})

const providerBody = (kinds: Kinds) =>
  z
    .looseObject(
      {
        id: text('What its callback URL has: lower-case letters, digits and hyphens.', 'example-corp'),
        kind: text(`${anyOf.format(Object.keys(kinds).toSorted())}.`, 'oidc'),
        name: text('What its button says.', 'Example Corp'),
        client_id: text('The client ID that the provider has given out.'),
        client_secret: text('The secret that the provider has given out. It is never shown again.'),
        settings: field(settingsOf(kinds), 'What the kind needs. They are replaced as a whole.'),
        email_domains: list('Only people with an address of these domains.'),
        keep_tokens: flag('Keeps the provider’s tokens, sealed.'),
        organization: field(
          { type: ['string', 'null'] },
          'The ID or short name of an organization whose it is: it lets in addresses of its verified domains only, and stands on no other sign-in page. null: the whole server’s.',
        ),
        membership_mode: field(
          { enum: [...MODES] },
          'At a sign-in with it, the rules give (`add`), or also take away what this provider gave before and does not give now (`sync`).',
        ),
        membership_rules: field(
          {
            type: 'array',
            items: {
              type: 'object',
              properties: Object.fromEntries(
                ['claim', 'value', 'group', 'role'].map((name) => [name, { type: 'string' }]),
              ),
              required: ['claim', 'value'],
            },
          },
          'Groups and roles by what it says: `claim` of id_token or userinfo, or `email_domain`; `value` as it is, or its beginning and `*`; and a `group` or a `role` by name.',
        ),
      },
      { error: 'Send a JSON object.' },
    )
    .meta({
      examples: [
        {
          id: 'example-corp',
          kind: 'oidc',
          client_id: 'latchkey',
          settings: { issuer: 'https://login.example.com' },
        },
      ],
    })

const listProviders = operation({
  id: 'listProviders',
  area,
  needs: 'provider.read',
  summary: 'List sign-in providers',
  safe: true,
  answers: [200, 'All of them.', z.object({ items: z.array(provider) })],
})

const addProvider = (kinds: Kinds) =>
  operation({
    id: 'addProvider',
    area,
    needs: 'provider.create',
    summary: 'Add a provider, switched on',
    once: true,
    body: providerBody(kinds),
    answers: [201, 'Added. Enter `callback_url` at the provider, then `test` it.', provider],
  })

const readProvider = operation({
  id: 'readProvider',
  area,
  needs: 'provider.read',
  summary: 'Read a provider',
  safe: true,
  params: idParams,
  answers: [200, 'The provider; `ETag` names its state.', provider],
})

const changeProvider = (kinds: Kinds) =>
  operation({
    id: 'changeProvider',
    area,
    needs: 'provider.update',
    summary: 'Change a provider',
    description: 'Fields that are left out stay, the secret too; null takes one back to its default.',
    conditional: true,
    params: idParams,
    body: providerBody(kinds),
    answers: [200, 'The provider as it is now.', provider],
    problems: [409],
  })

const removeProvider = operation({
  id: 'removeProvider',
  area,
  needs: 'provider.delete',
  summary: 'Remove a provider',
  description: 'Links of accounts to it stay, and count again when it is added again.',
  conditional: true,
  params: idParams,
  answers: [204, 'Removed.'],
  problems: [409],
})

const testProvider = operation({
  id: 'testProvider',
  area,
  needs: 'provider.test',
  summary: 'Check the configuration of a provider',
  description: 'Asks the provider itself.',
  params: idParams,
  answers: [200, 'What was looked at.', z.object({ items: z.array(finding) })],
})

const switches = {
  disable: operation({
    id: 'disableProvider',
    area,
    needs: 'provider.disable',
    summary: 'Switch a provider off',
    description: 'Nobody signs in with it any more; who is signed in stays so.',
    params: idParams,
    answers: [200, 'The provider as it is now.', provider],
    problems: [409],
  }),
  enable: operation({
    id: 'enableProvider',
    area,
    needs: 'provider.enable',
    summary: 'Switch a provider on',
    params: idParams,
    answers: [200, 'The provider as it is now.', provider],
    problems: [409],
  }),
}

/** `/providers` */
export function providerRoutes({ app, deps }: RestContext): void {
  const { providers, issuer } = deps
  const limit = deps.limit('admin')
  const once = createOnce(deps.answers)
  const view = (found: ProviderView): z.input<typeof provider> => ({
    ...found,
    email_domains: [...found.email_domains],
    membership_rules: [...found.membership_rules],
  })

  app.get('/providers', { ...listProviders, ...limit }, async () => ({
    items: (await providers.list()).map(view),
  }))

  app.post('/providers', { ...addProvider(providers.kinds), ...limit }, async (request, reply) => {
    refuseSplitProviders(callerOf(request), request.body)
    refuseOrganizationProviders(callerOf(request), request.body)
    refuseMembershipRules(callerOf(request), request.body)
    return once(request, reply, async () => {
      const body = view(await providers.add(request.body))
      return { headers: { location: `${issuer}/api/admin/providers/${body.id}` }, body }
    })
  })

  app.get('/providers/:id', { ...readProvider, ...limit }, async (request, reply) => {
    const { provider, version } = await providers.getVersioned(request.params.id)
    sendEtag(reply, version)
    return view(provider)
  })

  app.patch('/providers/:id', { ...changeProvider(providers.kinds), ...limit }, async (request, reply) => {
    const { provider, version } = await providers.getVersioned(request.params.id)
    refuseSplitProviders(callerOf(request), { ...provider, ...request.body })
    refuseMembershipRules(callerOf(request), request.body)
    refuseOrganizationProviders(callerOf(request), { ...provider }, request.body)
    const given = requireMatch(request, version) ? { ifVersion: version } : {}
    const changed = await orFailed(providers.update(provider.id, request.body, given))
    sendEtag(reply, changed.version)
    return view(changed.provider)
  })

  app.delete('/providers/:id', { ...removeProvider, ...limit }, async (request, reply) => {
    const { provider, version } = await providers.getVersioned(request.params.id)
    refuseOrganizationProviders(callerOf(request), { ...provider })
    await orFailed(
      providers.remove(provider.id, requireMatch(request, version) ? { ifVersion: version } : {}),
    )
    return reply.code(204).send()
  })

  for (const verb of ['disable', 'enable'] as const) {
    app.post(`/providers/:id/${verb}`, { ...switches[verb], ...limit }, async (request) => {
      refuseOrganizationProviders(callerOf(request), { ...(await providers.get(request.params.id)) })
      await providers[verb](request.params.id)
      return view(await providers.get(request.params.id))
    })
  }

  app.post('/providers/:id/test', { ...testProvider, ...limit }, async (request) => ({
    items: await providers.test(request.params.id),
  }))
}
