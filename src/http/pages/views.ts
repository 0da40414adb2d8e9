import view from '@fastify/view'
import { Eta } from 'eta'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Clock } from '../../shared/clock.ts'
import { LOCALES } from '../../shared/locales/locales.ts'
import { currentLocale, direction, html, t, textsUnder } from '../../shared/locales/texts.ts'
import { agoInWords, minuteOf, secondOf } from '../../shared/moment.ts'
import { numberInWords } from '../../shared/numbers.ts'
import { own } from '../../shared/own.ts'
import { CSRF_FIELD } from '../forms/csrf.ts'
import { withErrorSummary } from '../forms/error-summary.ts'
import { flashOf, markRejected, takenBy, withTyped } from '../forms/flash.ts'
import { type ReadView, VIEWS } from './overridden-views.ts'
import type { PageBrand, Pages, ShownClient } from './pages.ts'
import { sendPage } from './send-page.ts'
import { supportBanner } from './support-banner.ts'

/**
 * Eta templates from views/, escaped by default.
 * @param options.cache compile each template once; off while developing
 */
export async function registerViews(
  app: FastifyInstance,
  options: {
    issuer: URL
    clock: Clock
    cache: boolean
    asset: (name: string) => string
    icons: Readonly<Record<string, string | undefined>>
    /** What a page wears. @param by as its interaction says */
    brand: (by?: ShownClient['brand']) => PageBrand
    /** What reads a view; the one that ships unless given. */
    readView?: ReadView | undefined
  },
): Promise<void> {
  const eta = new Eta({ views: VIEWS, autoTrim: false })
  if (options.readView) eta.readFile = options.readView
  await app.register(view, {
    engine: { eta },
    root: VIEWS,
    production: options.cache,
    defaultContext: {
      asset: options.asset,
      drawing: (icon: string) => own(options.icons, icon),
      webUrl,
      withErrorSummary,
      host: options.issuer.host,
      csrfField: CSRF_FIELD,
      t,
      textsUnder,
      html,
      locale: currentLocale,
      direction,
      locales: LOCALES,
      support: supportBanner,
      brandOf: options.brand,
      timeOf: minuteOf,
      number: numberInWords,
      ago: (time: number) => timeElement(time, options.clock()),
    },
  })
}

/**
 * Sends a page. Forms in it get this browser's CSRF token by themselves. The answer to a form goes by a redirect to the page
 * that the form stands on, and is shown there once (forms/flash.ts).
 * @param status HTTP status, 200 unless given
 */
export const renderPage = <View extends keyof Pages>(
  reply: FastifyReply,
  page: View,
  data: Pages[View],
  status = 200,
): FastifyReply => renderView(reply, page, data, status)

/** As `renderPage`, for what puts a frame around the data of a page; whether it fits the view is for the caller to know. */
export function renderView(reply: FastifyReply, page: keyof Pages, data: object, status = 200): FastifyReply {
  const { request } = reply
  const flash = flashOf(request)
  if (flash !== undefined) {
    if (status >= 400) markRejected(reply)
    flash.page(request, reply, page, data, status).then(
      (sent) => sent || sendPage(reply, page, data, status),
      (error) => reply.send(error),
    )
    return reply
  }
  const shown = takenBy(request)
  if (shown === undefined) return sendPage(reply, page, data, status)
  if (shown.retryAfter !== undefined) reply.header('retry-after', shown.retryAfter)
  if (shown.page !== undefined) return sendPage(reply, shown.page.view, shown.page.data, shown.status)
  return sendPage(reply, page, { ...withTyped(data, shown.typed), rejection: shown.alert }, shown.status)
}

/**
 * A page as text, for where the protocol library sends the answer. Its forms carry no CSRF token of ours: the
 * library that receives them has its own.
 */
export function pageText<View extends keyof Pages>(
  app: FastifyInstance,
  page: View,
  data: Pages[View],
): Promise<string> {
  return app.view(page, data)
}

/** “3 minutes ago”, with the exact moment for who points at it and for programs. @param time as `now`, in milliseconds since the epoch */
const timeElement = (time: number, now: number): string =>
  `<time datetime="${new Date(time).toISOString()}" title="${secondOf(time)}">${agoInWords(time, now)}</time>`

/**
 * An address that a page may link to: a path of ours, or http(s). Else undefined: what a client's registration names
 * (client_uri, policy_uri) is checked where it is registered, and once more here.
 */
function webUrl(value: string | undefined): string | undefined {
  if (value === undefined || /^\/(?!\/)/.test(value)) return value
  const protocol = URL.parse(value)?.protocol
  return protocol === 'https:' || protocol === 'http:' ? value : undefined
}
