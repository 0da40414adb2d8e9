import { z } from 'zod'
import { orFailed, requireMatch, sendEtag } from '../../http/etag.ts'
import type { TextsState } from '../../settings/texts.ts'
import { AppError } from '../../shared/errors.ts'
import { isLocale } from '../../shared/locales/locales.ts'
import type { RestContext } from './context.ts'
import { callerOf } from './guard.ts'
import { refuseTexts } from './machine.ts'
import { operation } from './operation.ts'

const area = 'settings' as const

const params = z.object({
  locale: z.string().max(20).meta({ description: 'One of `ui_locales_supported`.' }),
})

const texts = z
  .object({
    locale: z.string(),
    texts: z.record(
      z.string(),
      z.object({
        shipped: z.string().meta({ description: 'As the server ships it (ICU MessageFormat).' }),
        override: z.string().nullable().meta({ description: 'What is said instead. null: what ships.' }),
      }),
    ),
  })
  .meta({ id: 'Texts', description: 'By key: the texts of pages and messages in one language.' })

const readTexts = operation({
  id: 'readTexts',
  area,
  needs: 'texts.read',
  summary: 'Read the texts of a language',
  safe: true,
  params,
  answers: [200, 'All of them; `ETag` names their state.', texts],
})

const replaceTexts = operation({
  id: 'replaceTexts',
  area,
  needs: 'texts.update',
  summary: 'Say texts otherwise',
  description:
    'By key, all texts of the language that are to be said otherwise: those that are left out are said as they ship. Tags stay, placeholders may be left out, none may be added. A change counts in every process within two seconds.',
  conditional: true,
  params,
  body: z
    .record(z.string(), z.string(), { error: 'Send a JSON object of texts by key.' })
    .meta({ examples: [{ 'signIn.title': 'Welcome back' }] }),
  answers: [200, 'The texts as they are now.', texts],
  problems: [409],
})

const view = (locale: string, state: TextsState): z.input<typeof texts> => ({
  locale,
  texts: Object.fromEntries(
    state.texts.map(({ key, shipped, override }) => [key, { shipped, override: override ?? null }]),
  ),
})

/** @throws AppError not_found (404) */
function known(locale: string): string {
  if (!isLocale(locale)) throw new AppError('not_found', 404, 'There is no such language.')
  return locale
}

/** `/texts/:locale` */
export function textRoutes({ app, deps }: RestContext): void {
  const limit = deps.limit('admin')

  app.get('/texts/:locale', { ...readTexts, ...limit }, async (request, reply) => {
    const locale = known(request.params.locale)
    const state = await deps.texts.list(locale)
    sendEtag(reply, state.version)
    return view(locale, state)
  })

  app.put('/texts/:locale', { ...replaceTexts, ...limit }, async (request, reply) => {
    refuseTexts(callerOf(request))
    const locale = known(request.params.locale)
    const { version } = await deps.texts.list(locale)
    const given = requireMatch(request, version) ? { ifVersion: version } : {}
    const state = await orFailed(deps.texts.change(locale, request.body, { others: 'ship', ...given }))
    sendEtag(reply, state.version)
    return view(locale, state)
  })
}
