import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { noticeIn } from '../../../http/forms/notice.ts'
import { allOf } from '../../../shared/locales/lists.ts'
import { t } from '../../../shared/locales/texts.ts'
import { administratorOf, type ConsoleDependencies } from '../context.ts'
import { type ConsoleFrame, renderConsole } from '../frame.ts'
import type { ShownOnce } from '../shown-once.ts'
import { type RenderedSnippet, snippetsFor } from '../snippets/all.ts'
import { presetLines, presets } from '../snippets/preset.ts'
import { SECRET, snippetValues } from '../snippets/snippet.ts'
import { stackAbout, stackName } from '../snippets/spoken.ts'
import type { Tab } from '../tabs.ts'
import { type LacksApi, lacksApi, whyNotTried } from '../try-it/limits.ts'
import type { ClientsDependencies } from './dependencies.ts'
import { type MissingAccess, missingAccess } from './named-access.ts'
import { spokenForm } from './spoken.ts'
import { type ClientTab, clientTabs } from './tabs.ts'
import { detailsOf, NOTICES, secretsOf } from './view.ts'

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'admin/clients-client': {
      frame: ConsoleFrame
      id: string
      name: string
      disabled: boolean
      verified: boolean
      version: string
      /** Whether PKCE is required by itself. */
      pkceRaised: boolean
      /** Its scopes that no API has. */
      unknownScopes: string[]
      /** Its scopes that several APIs have, with the APIs. */
      sharedScopes: { scope: string; apis: string; more: boolean }[]
      /** Groups and roles that it is for, and that do not exist. */
      missingAccess: MissingAccess
      /** The API that the snippets name. */
      snippetsApi: string | undefined
      /** It may call no API, and is of little use without. */
      lacksApi: LacksApi
      /** Whether there is an API to choose. */
      anyApi: boolean
      facts: ReturnType<typeof detailsOf>
      secrets: ReturnType<typeof secretsOf>
      /** Which of its pages it is. */
      tab: PageTab
      tabs: Tab[]
      /** It is new: how to use it is on the first page too. */
      fresh: boolean
      /** The one time that a new secret is shown. */
      shown?: { secret: string; variable: string } | undefined
      /** The lines to paste into the program that it has just been registered for. */
      settings: { name: string; about: string; parts: RenderedSnippet['parts'] } | undefined
      values: { label: string; value: string }[]
      snippets: RenderedSnippet[]
      /** It has to push or sign requests, or prove a key, and none of the snippets does all of it in its way. */
      needsMore: boolean
      /** Why its flow cannot be run from here. */
      whyNotTried: string | undefined
      /** What was looked for among them. */
      find: string
      yaml: string
    }
  }
}

const query = z.object({
  find: z.string().max(100).default('').catch(''),
  done: z.string().optional().catch(undefined),
  preset: z.string().max(100).optional().catch(undefined),
})

/** The pages that say the same of a client above what is their own. */
const TABS = ['', '/connect', '/secrets'] as const satisfies readonly ClientTab[]
type PageTab = (typeof TABS)[number]

export type IdParams = { Params: { id: string } }

/** `/admin/clients/:id`: what a client is; below it how to use it, and its secrets. */
export async function clientPage(
  app: FastifyInstance,
  deps: ConsoleDependencies & ClientsDependencies,
  shownOnce: ShownOnce,
): Promise<void> {
  const show = async (tab: PageTab, request: FastifyRequest<IdParams>, reply: FastifyReply) => {
    const { find, done, preset } = query.parse(request.query)
    const client = await deps.clients.get(request.params.id)
    const { items: apis } = await deps.listApis()
    const scopes = await deps.clientScopes.sorted(client.scope)
    const values = snippetValues(deps.issuer.origin, client, apis)
    const secret = shownOnce.take(request, reply, client.client_id, administratorOf(request).id)
    const program = presets().find(({ id }) => id === preset)
    const data = {
      id: client.client_id,
      name: client.client_name,
      disabled: client.disabled,
      verified: client.verified,
      version: client.version,
      pkceRaised: client.pkce_raised === true,
      unknownScopes: scopes.unknown,
      sharedScopes: scopes.shared.map(({ scope, apis: its }) => ({
        scope,
        apis: allOf(its.slice(0, 3)),
        more: its.length > 3,
      })),
      missingAccess: await missingAccess(client.access, deps),
      snippetsApi: values.api?.identifier,
      lacksApi: lacksApi(client, scopes),
      anyApi: apis.length > 0,
      facts: detailsOf(spokenForm(deps.clientForm), client),
      secrets: secretsOf(client, deps.clock()),
      tab,
      tabs: clientTabs(client, tab),
      fresh: done === 'created' || secret !== undefined || program !== undefined,
      shown: secret === undefined ? undefined : { secret, variable: SECRET },
      settings: program && {
        name: stackName(program),
        about: stackAbout(program),
        parts: presetLines(program, values.issuer, client, secret),
      },
      values: [
        { label: t('admin.clients.use.issuer'), value: values.issuer },
        {
          label: t('admin.clients.use.discovery'),
          value: `${values.issuer}/.well-known/openid-configuration`,
        },
        { label: t('admin.common.client_id'), value: client.client_id },
      ],
      snippets: snippetsFor(values, find),
      needsMore: values.hardened && snippetsFor(values).length === 0,
      whyNotTried: whyNotTried(client),
      find,
      yaml: await deps.yamlOf('client', client),
    }
    const notice = noticeIn(NOTICES, done)
    return renderConsole(request, reply, 'clients', 'admin/clients-client', data, { notice })
  }

  for (const tab of TABS)
    app.get<IdParams>(
      `/admin/clients/:id${tab}`,
      { config: { admin: 'client.read', within: 'clients' } },
      (request, reply) => show(tab, request, reply),
    )
}
