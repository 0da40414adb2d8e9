import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Overrides } from '../shared/locales/catalogue.ts'
import {
  acceptedLanguages,
  ENGLISH,
  firstMatching,
  LOCALES,
  localeOf,
  matching,
} from '../shared/locales/locales.ts'
import {
  inLocale,
  type Speaking,
  setLocale,
  speaking,
  speakingAs,
  withOverrides,
} from '../shared/locales/texts.ts'
import { errorFormat } from './errors/format.ts'
import { parseForm } from './forms/forms.ts'
import { renderPage } from './pages/views.ts'
import { safeReturnTo } from './return-to.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Asked by scripts of pages: errors are those of programs, but the answer is in the language of the page. */
    forScripts?: boolean
  }
}

/** The choice of this browser. Its name is plain, for apps of the same site may read and set it: it says nothing but a language. */
const CHOSEN = 'locale'

/** The language of one authorization request, `{uid}.{tag}`: what its `ui_locales` ask for, or what was chosen on its pages. */
const OF_REQUEST = 'locale_request'

const YEAR = 365 * 24 * 60 * 60
/** Seconds. An interaction lasts no longer. */
const HOUR = 60 * 60

/** What requests speak that are answered by a page. */
const spoken = new WeakMap<FastifyRequest, Speaking | undefined>()

/** Runs `work` in the language of a request: what comes of reading its body knows nothing of it. */
export const inLanguageOf = <T>(request: FastifyRequest, work: () => T): T =>
  speakingAs(spoken.get(request), work)

/** The language of what is answered. */
export interface Language {
  /**
   * Speaks the language of an authorization request from here on, also on the pages that its person comes by (registration, a
   * new password). A choice that was made on its pages stays.
   * @param uid of the interaction
   * @param uiLocales the parameter `ui_locales` (OIDC Core §3.1.2.1): languages, best first, with spaces between
   */
  ofAuthorizationRequest(request: FastifyRequest, reply: FastifyReply, uid: string, uiLocales: unknown): void
  /** Speaks the language that a person has chosen for their account, unless the authorization request asks for another. */
  ofAccount(request: FastifyRequest, locale: string | null | undefined): void
  /** Speaks the language of a person whom the console turns away, who need not be spoken to in one of the console's. */
  ofPersonRefused(request: FastifyRequest, locale: string | null): void
  /** Keeps a choice in this browser. @param tag one of LOCALES */
  choose(request: FastifyRequest, reply: FastifyReply, tag: string): void
}

/**
 * Gives each request that is answered by a page its language: that of the authorization request, else the account's, else the
 * browser's choice, else one of `Accept-Language`. What programs are answered is English.
 * @param options.fallback the language of those who say none, as a tag. Read at each request
 */
export function registerLanguage(
  app: FastifyInstance,
  options: { secure: boolean; fallback(): string; overrides: Overrides },
): Language {
  const attributes = { path: '/', sameSite: 'lax', httpOnly: true, secure: options.secure } as const

  const ofBrowser = (request: FastifyRequest): string =>
    firstMatching([
      request.cookies[CHOSEN] ?? '',
      ...acceptedLanguages(request.headers['accept-language']),
    ]) ??
    matching(options.fallback()) ??
    ENGLISH

  app.addHook('onRequest', (request, _reply, done) => {
    if (errorFormat(request) !== 'html' && !request.routeOptions.config.forScripts) return done()
    const find = () =>
      isConsole(request) ? ofConsole(ofBrowser(request)) : (ofRequest(request)?.tag ?? ofBrowser(request))
    const speak = () => {
      spoken.set(request, speaking())
      done()
    }
    withOverrides(options.overrides, () => inLocale(find, speak))
  })
  // A body is read on events of the socket, which know nothing of the request.
  app.addHook('preValidation', (request, _reply, done) => {
    if (spoken.has(request)) inLanguageOf(request, done)
    else done()
  })

  const keep = (reply: FastifyReply, uid: string, tag: string) =>
    reply.setCookie(OF_REQUEST, `${uid}.${tag}`, { ...attributes, maxAge: HOUR })

  return {
    ofAuthorizationRequest(request, reply, uid, uiLocales) {
      const known = ofRequest(request)
      if (known?.uid === uid) return setLocale(known.tag)
      const asked =
        typeof uiLocales === 'string' ? firstMatching(uiLocales.slice(0, 1000).split(' ')) : undefined
      if (asked !== undefined) keep(reply, uid, asked)
      else if (request.cookies[OF_REQUEST] !== undefined) reply.clearCookie(OF_REQUEST, attributes)
      setLocale(asked ?? ofBrowser(request))
    },
    ofAccount(request, locale) {
      const tag = locale ? matching(locale) : undefined
      if (tag === undefined) return
      if (isConsole(request)) setLocale(ofConsole(tag))
      else if (ofRequest(request) === undefined) setLocale(tag)
    },
    ofPersonRefused(request, locale) {
      setLocale((locale ? matching(locale) : undefined) ?? ofBrowser(request))
    },
    choose(request, reply, tag) {
      reply.setCookie(CHOSEN, tag, { ...attributes, maxAge: YEAR })
      const known = ofRequest(request)
      if (known) keep(reply, known.uid, tag)
      setLocale(tag)
    },
  }
}

const isConsole = ({ url }: FastifyRequest): boolean => /^\/admin([/?]|$)/.test(url)

/** The console speaks fewer languages than pages for everybody. */
const ofConsole = (tag: string): string => (localeOf(tag).console ? tag : ENGLISH)

function ofRequest(request: FastifyRequest): { uid: string; tag: string } | undefined {
  const [uid, range] = (request.cookies[OF_REQUEST] ?? '').split('.', 2)
  const tag = range === undefined ? undefined : matching(range)
  return uid && tag ? { uid, tag } : undefined
}

const choice = z.object({
  locale: z.enum(LOCALES.map(({ tag }) => tag)),
  return_to: z.string().optional(),
})

declare module './pages/pages.ts' {
  interface Pages {
    'http/languages': object
  }
}

/**
 * `POST /locale`: the languages at the foot of every page. Leads back to that page. `GET /locale`: the same as a page of its own, for pages that the
 * protocol library sends, whose forms have no CSRF token of ours.
 */
export function languageRoute(
  app: FastifyInstance,
  { issuer, language }: { issuer: URL; language: Language },
): void {
  app.get('/locale', (_request, reply) => renderPage(reply, 'http/languages', {}))
  app.post('/locale', { config: { formPage: '/' } }, async (request, reply) => {
    const form = parseForm(choice, request.body)
    if (!form.ok) return reply.redirect('/', 303)
    language.choose(request, reply, form.value.locale)
    return reply.redirect(safeReturnTo(issuer, form.value.return_to, '/'), 303)
  })
}
