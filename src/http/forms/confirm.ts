import type { FastifyInstance } from 'fastify'
import { AppError } from '../../shared/errors.ts'
import { message } from '../../shared/locales/texts.ts'
import { renderPage } from '../pages/views.ts'
import { fieldInWords } from './field-words.ts'
import { shownAgain } from './forms.ts'
import { type Interrupted, type OwnerOf, RESUME_FIELD } from './interrupted.ts'

declare module '../pages/pages.ts' {
  interface Pages {
    'http/confirm': {
      /** Completes “You are about to …”. */
      words: string
      /** What was typed, without secrets. */
      typed: { name: string; value: string }[]
      /** Whether there were secrets in it. */
      secrets: boolean
      action: string
      fields: Record<string, string>
      /** The page that it was begun on. */
      page: string
    }
  }
}

/** Fields that say nothing to people. */
const TECHNICAL = /^(version|id|seen)$/
const MAX_LENGTH = 300

/** `/confirm/:id`: a request that a sign-in interrupted is shown in words, and done with one button. */
export async function confirmRoutes(
  app: FastifyInstance,
  deps: {
    interrupted: Interrupted
    ownerOf: OwnerOf
  },
): Promise<void> {
  app.get<{ Params: { id: string } }>('/confirm/:id', async (request, reply) => {
    const { id } = request.params
    const owner = await deps.ownerOf(request, reply)
    if (owner === undefined)
      return reply.redirect(`/login?return_to=${encodeURIComponent(`/confirm/${id}`)}`, 303)
    const interrupted = await deps.interrupted.find(id, owner)
    if (interrupted === undefined && (await deps.interrupted.isOfAnother(id, owner)))
      throw new AppError('act_of_another', 410, message('confirm.ofAnother'))
    if (interrupted === undefined) throw new AppError('act_gone', 410, message('confirm.over'))
    const shown = Object.entries(shownAgain(interrupted.fields))
    return renderPage(reply, 'http/confirm', {
      words: interrupted.words,
      typed: shown
        .filter(([name, value]) => value !== '' && !TECHNICAL.test(name))
        .map(([name, value]) => ({ name: fieldInWords(name), value: value.slice(0, MAX_LENGTH) })),
      secrets: Object.entries(interrupted.fields).some(
        ([name, value]) => value !== '' && !shown.some(([each]) => each === name),
      ),
      action: interrupted.action,
      fields: { [RESUME_FIELD]: id },
      page: interrupted.page,
    })
  })
}
