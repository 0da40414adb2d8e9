import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { noticeIn } from '../../../http/forms/notice.ts'
import type { Form } from '../../../http/pages/pages.ts'
import type { Texts } from '../../../settings/texts.ts'
import { AppError, VersionConflict } from '../../../shared/errors.ts'
import { LOCALES, type Locale } from '../../../shared/locales/locales.ts'
import { message, type TextKey } from '../../../shared/locales/texts.ts'
import { hasWords } from '../../../shared/text.ts'
import type { ConsoleDependencies } from '../context.ts'
import { asFormErrors } from '../form-errors.ts'
import { type ConsoleFrame, renderConsole } from '../frame.ts'

export interface LanguagesDependencies {
  texts: Pick<Texts, 'list' | 'change'>
}

interface ShownText {
  key: string
  shipped: string
  changed: boolean
  /** Not folded: it is changed, or one of a few. */
  open: boolean
}

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'admin/languages': {
      frame: ConsoleFrame
      languages: { href: string; tag: string; name: string; changed: number }[]
    }
    'admin/languages-one': {
      frame: ConsoleFrame
      language: Locale
      query: string
      changedOnly: boolean
      /** Undefined: nothing was looked for. */
      found: { texts: ShownText[]; more: number } | undefined
      form: Form
      version: string
      stale: boolean
    }
  }
}

const PATH = '/admin/languages'

/** Texts of one page: a form may have 16 KiB. */
const MOST = 20
/** So many are not folded. */
const FEW = 3
/** What the fields of texts are called, before the key. */
const FIELD = 'text.'

const search = z.object({
  q: z.string().trim().max(200).catch(''),
  changed: z.literal('1').optional().catch(undefined),
  done: z.string().optional().catch(undefined),
})
const sent = z.record(z.string(), z.string().max(10_000))

const NOTICES: Readonly<Record<string, TextKey>> = { saved: 'admin.languages.saved' }

/** `/admin/languages`: what pages and mails say, language by language. */
export async function languagesArea(
  app: FastifyInstance,
  { texts }: ConsoleDependencies & LanguagesDependencies,
): Promise<void> {
  app.get(PATH, { config: { admin: 'texts.read' } }, async (request, reply) => {
    const languages = LOCALES.map(async ({ tag, name }) => {
      const { texts: all } = await texts.list(tag)
      return { href: `${PATH}/${tag}`, tag, name, changed: all.filter(({ override }) => override).length }
    })
    return renderConsole(request, reply, 'languages', 'admin/languages', {
      languages: await Promise.all(languages),
    })
  })

  type One = FastifyRequest<{ Params: { tag: string } }>

  async function show(
    request: One,
    reply: FastifyReply,
    again: { form?: Partial<Form>; version?: string; stale?: boolean; status?: number } = {},
  ) {
    const language = languageOf(request)
    const { q, changed, done } = search.parse(request.query)
    const state = await texts.list(language.tag)
    const looked = q !== '' || changed !== undefined
    const fits = hasWords(q)
    const found = state.texts.filter(
      ({ key, shipped, override }) =>
        fits(`${key} ${shipped} ${override ?? ''}`) && (changed === undefined || override !== undefined),
    )
    const page = found.slice(0, MOST)
    const values = Object.fromEntries(page.map(({ key, override = '' }) => [`${FIELD}${key}`, override]))
    const query = new URLSearchParams({ ...(q && { q }), ...(changed && { changed }) })
    return renderConsole(
      request,
      reply,
      'languages',
      'admin/languages-one',
      {
        language,
        query: q,
        changedOnly: changed !== undefined,
        found: looked
          ? {
              texts: page.map(({ key, shipped, override }) => ({
                key,
                shipped,
                changed: override !== undefined,
                open: override !== undefined || page.length <= FEW,
              })),
              more: found.length - page.length,
            }
          : undefined,
        form: { action: `${PATH}/${language.tag}?${query}`, values, ...again.form },
        version: again.version ?? state.version,
        stale: again.stale ?? false,
      },
      { status: again.status ?? 200, notice: noticeIn(NOTICES, done) },
    )
  }

  app.get<{ Params: { tag: string } }>(
    `${PATH}/:tag`,
    { config: { admin: 'texts.read' } },
    async (request, reply) => show(request, reply),
  )

  app.post<{ Params: { tag: string } }>(
    `${PATH}/:tag`,
    { config: { admin: 'texts.update' } },
    async (request, reply) => {
      const language = languageOf(request)
      const { version = '', ...fields } = sent.parse(request.body ?? {})
      const typed = Object.entries(fields).filter(([name]) => name.startsWith(FIELD))
      const given = Object.fromEntries(
        typed.map(([name, text]) => [name.slice(FIELD.length), text.trim() === '' ? null : text.trim()]),
      )
      try {
        await texts.change(language.tag, given, { others: 'stay', ifVersion: version })
      } catch (error) {
        const values = Object.fromEntries(typed)
        if (error instanceof VersionConflict)
          return show(request, reply, { form: { values }, stale: true, status: 409 })
        const { errors = {}, ...form } = asFormErrors(error)
        const named = Object.entries(errors).map(([key, each]) => [`${FIELD}${key}`, each])
        return show(request, reply, {
          form: { ...form, values, errors: Object.fromEntries(named) },
          version,
          status: 422,
        })
      }
      const { q, changed } = search.parse(request.query)
      const query = new URLSearchParams({ ...(q && { q }), ...(changed && { changed }), done: 'saved' })
      return reply.redirect(`${PATH}/${language.tag}?${query}`, 303)
    },
  )
}

function languageOf({ params }: FastifyRequest<{ Params: { tag: string } }>): Locale {
  const language = LOCALES.find(({ tag }) => tag === params.tag)
  if (language === undefined) throw new AppError('not_found', 404, message('admin.languages.no_such'))
  return language
}
