import { hash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { AdministeredResources } from '../../../clients/resources/administered.ts'
import { t } from '../../../shared/locales/texts.ts'
import { minuteOf } from '../../../shared/moment.ts'
import type { ClientsDependencies } from '../clients/dependencies.ts'
import { administratorOf } from '../context.ts'
import { createShownOnce } from '../shown-once.ts'
import { API_CLIENT_ID, API_CLIENT_SECRET } from '../snippets/snippet.ts'

export interface CredentialsDependencies extends Pick<ClientsDependencies, 'cookies' | 'sealed'> {
  resources: Pick<AdministeredResources, 'credentials'>
}

/** What the page of an API shows of its credentials. */
export interface ShownCredentials {
  credentials: { id: string; created: string; lastUsed: string; removeHref: string }[]
  /** One that was just made. */
  shown?: { id: string; secret: string; variables: string } | undefined
}

const text = z.string().max(2000).default('')
const addition = z.object({ identifier: text })

/** @param seconds since the epoch, to the hour */
export const lastUsedWords = (seconds: number | undefined): string =>
  seconds === undefined
    ? t('admin.common.never')
    : t('admin.resources.credentials.used', { time: minuteOf(seconds * 1000) })

/** The name of the cookie that carries a new secret to its page: an identifier may have any character in it. */
const cookieOf = (identifier: string): string => hash('sha256', identifier, 'hex').slice(0, 16)

/**
 * `/admin/resources/credentials`: what an API introspects tokens with, on the page of the API.
 * @param page of an API, with a notice
 */
export function resourceCredentials(
  app: FastifyInstance,
  deps: CredentialsDependencies,
  page: (identifier: string, done: string) => string,
) {
  const { credentials } = deps.resources
  const shownOnce = createShownOnce(deps)
  const formPage = '/admin/resources/api'

  app.post(
    '/admin/resources/credentials',
    { config: { admin: 'resource.add_credential', formPage } },
    async (request, reply) => {
      const { identifier } = addition.parse(request.body ?? {})
      const { client_id: id, client_secret: secret } = await credentials.add(identifier)
      shownOnce.put(reply, cookieOf(identifier), `${id} ${secret}`, administratorOf(request).id)
      return reply.redirect(page(identifier, 'credential'), 303)
    },
  )

  /** Takes the new one out of its cookie: it is shown once. */
  return async (
    request: FastifyRequest,
    reply: FastifyReply,
    identifier: string,
  ): Promise<ShownCredentials> => {
    const all = await credentials.list(identifier)
    const kept = shownOnce.take(request, reply, cookieOf(identifier), administratorOf(request).id)
    const [id = '', secret = ''] = kept?.split(' ') ?? []
    return {
      credentials: all.map(({ client_id, created_at, last_used_at: lastUsed }) => ({
        id: client_id,
        removeHref: `/admin/resources/credentials/remove?${new URLSearchParams({ identifier, id: client_id })}`,
        created: minuteOf(created_at * 1000),
        lastUsed: lastUsedWords(lastUsed),
      })),
      ...(kept !== undefined && {
        shown: { id, secret, variables: `${API_CLIENT_ID}=${id}\n${API_CLIENT_SECRET}=${secret}` },
      }),
    }
  }
}
