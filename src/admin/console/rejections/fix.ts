import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Segment } from '../../../rejections/alignment.ts'
import type { OfferedFix } from '../../../rejections/fix.ts'
import type { ExplainedRejection } from '../../../rejections/rejections.ts'
import { AppError } from '../../../shared/errors.ts'
import { message, t } from '../../../shared/locales/texts.ts'
import type { ConsoleDependencies } from '../context.ts'
import { asFormErrors } from '../form-errors.ts'
import { type ConsoleFrame, renderConsole } from '../frame.ts'
import { type RejectionsDependencies, rejectionHref, renderRejection } from './routes.ts'
import { changes, type UriChange } from './view.ts'

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'admin/rejections-fix': {
      frame: ConsoleFrame
      alert?: string | undefined
      action: string
      back: string
      version: string
      client: { name: string; href: string }
      caution: string
      alignment?: { segments: Segment[] } | undefined
      choices: {
        mode: 'add' | 'replace'
        title: string
        about: string
        uris: UriChange[]
      }[]
    }
  }
}

/** The page of a fix is gone once it is done. */
const pageOf = ({ params }: FastifyRequest) => rejectionHref((params as { id: string }).id)

const form = z.object({ mode: z.enum(['add', 'replace']), version: z.string().max(100) })

function render(
  request: FastifyRequest,
  reply: FastifyReply,
  { rejection, alignment }: ExplainedRejection,
  fix: OfferedFix,
  alert?: string,
): FastifyReply {
  const data = {
    alert,
    action: `${rejectionHref(rejection.id)}/fix`,
    back: rejectionHref(rejection.id),
    version: fix.version,
    client: { name: fix.clientName, href: `/admin/clients/${encodeURIComponent(fix.clientId)}` },
    caution: t(`admin.rejections.caution.${fix.kind}`),
    alignment,
    choices: [
      {
        mode: 'add' as const,
        title: t('admin.rejections.fix.add'),
        about: t('admin.rejections.fix.add.about'),
        uris: changes(fix, 'add'),
      },
      {
        mode: 'replace' as const,
        title: t('admin.rejections.fix.replace'),
        about: t('admin.rejections.fix.replace.about'),
        uris: changes(fix, 'replace'),
      },
    ],
  }
  const status = alert === undefined ? 200 : 409
  return renderConsole(request, reply, 'rejections', 'admin/rejections-fix', data, { status })
}

/** `/admin/rejections/:id/fix`: shows what one click would change, and does it. */
export async function rejectionFix(
  app: FastifyInstance,
  { rejections }: ConsoleDependencies & RejectionsDependencies,
): Promise<void> {
  interface Route {
    Params: { id: string }
  }

  app.get<Route>(
    '/admin/rejections/:id/fix',
    { config: { admin: 'rejection.read' } },
    async (request, reply) => {
      const shown = await rejections.show(request.params.id)
      if (shown.fix === undefined) return reply.redirect(rejectionHref(shown.rejection.id), 303)
      return render(request, reply, shown, shown.fix)
    },
  )

  app.post<Route>(
    '/admin/rejections/:id/fix',
    { config: { admin: 'client.fix_redirect_uri', formPage: pageOf } },
    async (request, reply) => {
      const { id } = request.params
      const parsed = form.safeParse(request.body)
      if (!parsed.success) throw new AppError('invalid_form', 400, message('admin.rejections.fix.unreadable'))
      const { mode, version } = parsed.data
      try {
        await rejections.fix(id, mode, version)
      } catch (error) {
        const { alert, errors } = asFormErrors(error)
        const shown = await rejections.show(id)
        const why = alert ?? Object.values(errors).join(' ')
        if (shown.fix !== undefined) return render(request, reply, shown, shown.fix, why)
        return renderRejection(request, reply, shown, { alert: why, status: 409 })
      }
      return reply.redirect(`${rejectionHref(id)}?done=${mode}`, 303)
    },
  )
}
