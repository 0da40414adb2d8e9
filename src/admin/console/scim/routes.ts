import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Cookies } from '../../../http/cookies/cookies.ts'
import type { SealedCookies } from '../../../http/cookies/sealed-cookie.ts'
import { shownAgain } from '../../../http/forms/forms.ts'
import { noticeIn } from '../../../http/forms/notice.ts'
import type { Form } from '../../../http/pages/pages.ts'
import type { Organizations } from '../../../organizations/organizations.ts'
import type { ScimTokens } from '../../../scim/tokens/tokens.ts'
import { type TextKey, t } from '../../../shared/locales/texts.ts'
import { minuteOf } from '../../../shared/moment.ts'
import { administratorOf, type ConsoleDependencies } from '../context.ts'
import { asFormErrors } from '../form-errors.ts'
import { type ConsoleFrame, renderConsole } from '../frame.ts'
import { createShownOnce } from '../shown-once.ts'

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'admin/scim': {
      frame: ConsoleFrame
      /** Of this server, for directories. */
      address: string
      tokens: {
        name: string
        /** Whose it is; undefined: the whole server's. */
        organization?: { href: string; name: string } | undefined
        /** Milliseconds since the epoch. */
        created: number
        /** The same in words, which tell two tokens of one name apart. */
        createdAt: string
        /** Undefined: never. */
        lastUsed: number | undefined
        removeHref: string
      }[]
      form: Form
      /** Shown this once. */
      shown?: string | undefined
    }
  }
}

export interface ScimAreaDependencies {
  cookies: Cookies
  sealed: SealedCookies
  scimTokens: Omit<ScimTokens, 'accept'>
  organizationNames: Organizations['names']
}

const idParams = z.object({ id: z.string().max(100) })
const query = z.object({
  done: z.string().optional().catch(undefined),
  made: z.uuid().optional().catch(undefined),
})
const form = z.object({
  name: z.string().max(1000).default(''),
  organization: z.string().trim().max(1000).default(''),
})

const NOTICES: Readonly<Record<string, TextKey>> = {
  deleted: 'admin.scim.notice.deleted',
}

/** `/admin/scim`: tokens of directories. */
export async function scimArea(
  app: FastifyInstance,
  deps: ConsoleDependencies & ScimAreaDependencies,
): Promise<void> {
  const { scimTokens: tokens } = deps
  const shownOnce = createShownOnce(deps)

  async function show(request: FastifyRequest, reply: FastifyReply, typed: Partial<Form> = {}, status = 200) {
    const { done, made } = query.parse(request.query)
    const all = await tokens.list()
    const names = await deps.organizationNames(all.map(({ organization }) => organization))
    const data = {
      address: new URL('/scim/v2', deps.issuer).href,
      tokens: all.map(({ id, name, organization, createdAt, lastUsedAt }) => ({
        name,
        organization:
          organization === null
            ? undefined
            : {
                href: `/admin/organizations/${organization}`,
                name: names.get(organization)?.name ?? organization,
              },
        created: createdAt,
        createdAt: minuteOf(createdAt),
        lastUsed: lastUsedAt ?? undefined,
        removeHref: `/admin/scim/${id}/delete`,
      })),
      form: { action: '/admin/scim', ...typed },
      shown: made && shownOnce.take(request, reply, made, administratorOf(request).id),
    }
    const notice = noticeIn(NOTICES, done)
    return renderConsole(request, reply, 'scim', 'admin/scim', data, { status, notice })
  }

  app.get('/admin/scim', { config: { admin: 'scim_token.read' } }, (request, reply) => show(request, reply))

  app.post('/admin/scim', { config: { admin: 'scim_token.create' } }, async (request, reply) => {
    try {
      const { id, token } = await tokens.create(form.parse(request.body ?? {}))
      shownOnce.put(reply, id, token, administratorOf(request).id)
      return reply.redirect(`/admin/scim?made=${id}`, 303)
    } catch (error) {
      return show(request, reply, { ...asFormErrors(error), values: shownAgain(request.body) }, 422)
    }
  })

  app.get('/admin/scim/:id/delete', { config: { admin: 'scim_token.read' } }, async (request, reply) => {
    const { id, name, organization, lastUsedAt } = await tokens.get(idParams.parse(request.params).id)
    const of = (await deps.organizationNames([organization])).get(organization ?? '')
    return renderConsole(request, reply, 'scim', 'admin/confirm', {
      title: t('admin.scim.delete.title'),
      ends: t('admin.scim.delete.ends'),
      facts: [
        { label: t('admin.scim.directory'), value: name },
        ...(of ? [{ label: t('admin.common.organization'), value: of.name }] : []),
        {
          label: t('admin.common.last_used'),
          value: lastUsedAt === null ? t('admin.common.never') : minuteOf(lastUsedAt),
        },
      ],
      form: { action: `/admin/scim/${id}/delete`, fields: {} },
      label: t('admin.scim.delete.submit'),
      keepHref: '/admin/scim',
    })
  })

  app.post(
    '/admin/scim/:id/delete',
    { config: { admin: 'scim_token.delete', formPage: '/admin/scim/:id/delete' } },
    async (request, reply) => {
      await tokens.remove(idParams.parse(request.params).id)
      return reply.redirect('/admin/scim?done=deleted', 303)
    },
  )
}
