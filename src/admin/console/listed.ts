/** Lists that are narrowed by chips with counts, sorted by the heads of their columns, and saved as a file. */
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Permission } from '../../shared/administration/permissions.ts'
import type { Listing } from '../../shared/listing.ts'
import { type TextKey, t } from '../../shared/locales/texts.ts'
import { isoDay } from '../../shared/moment.ts'
import type { Order } from '../../shared/orders.ts'
import { askedPlace, type Page } from '../../shared/paging.ts'
import { administratorOf } from './context.ts'
import { type CountChip, countChip } from './count-chips.ts'
import { PAGE, type PageLinks, pageLinks, withQuery } from './page-links.ts'
import { type SortLink, sortLink } from './sorting.ts'

/** What the view of such a list has beside its rows. */
export interface ListTools<Head extends string> extends PageLinks {
  search: string
  /** What else the list is narrowed and sorted by, for the form of the search. */
  kept: Record<string, string>
  narrowed: boolean
  chips: CountChip[]
  columns: Record<Head, SortLink>
  csv: { href: string; label: string } | undefined
}

export interface ListedAs<Item, Column extends string, Filter extends string, Head extends string> {
  /** The list: `/admin/groups`. */
  path: string
  permission: Permission
  listing: Listing<Item, Column, Filter>
  orders: readonly Order<Column>[]
  /** The order of an address without one. */
  usual: Order<Column>
  /** Each as a parameter of the address; two with one parameter exclude each other. */
  filters: Readonly<Record<Filter, { label: TextKey; parameter: string; value: string }>>
  heads: Readonly<Record<Head, { label: TextKey; first: Order<Column> }>>
  /** The name of the file, and what the link to it says. */
  file: { name: string; label: TextKey }
  /** For a role with a limit: of what alone there are rows. */
  only?(): readonly string[] | undefined
  clock(): number
}

const text = z.string().max(400).default('').catch('')

/** A list as a file to save. */
export function sendCsv(reply: FastifyReply, name: string, now: number, pieces: AsyncGenerator<string>) {
  return reply
    .type('text/csv; charset=utf-8')
    .header('content-disposition', `attachment; filename="${name}-${isoDay(now)}.csv"`)
    .header('cache-control', 'no-store')
    .send(Readable.from(pieces))
}

/** Registers the file of a list. @returns what reads a page of it as a request asks for it */
export function listedAs<Item, Column extends string, Filter extends string, Head extends string>(
  app: FastifyInstance,
  list: ListedAs<Item, Column, Filter, Head>,
): (request: FastifyRequest) => Promise<{ page: Page<Item>; tools: ListTools<Head> }> {
  const { path, listing, usual, heads, file } = list
  const filters = Object.entries(list.filters) as [Filter, (typeof list.filters)[Filter]][]

  const readQuery = (request: FastifyRequest) => {
    const sent = request.query as Readonly<Record<string, unknown>>
    const chosen = filters.filter(([, { parameter, value }]) => sent[parameter] === value)
    const order = list.orders.find((each) => each === sent.sort) ?? usual
    const search = text.parse(sent.search)
    const kept: Record<string, string | undefined> = {
      ...Object.fromEntries(chosen.map(([, { parameter, value }]) => [parameter, value])),
      sort: order === usual ? undefined : order,
    }
    const only = list.only?.()
    const wanted = { search, order, filters: chosen.map(([filter]) => filter), ...(only && { only }) }
    return { wanted, search, order, kept, narrowed: search !== '' || chosen.length > 0 }
  }

  const limited = (request: FastifyRequest) => administratorOf(request).authority.scope !== undefined

  app.get(`${path}/export.csv`, { config: { admin: list.permission } }, (request, reply) =>
    sendCsv(reply, file.name, list.clock(), listing.exported(readQuery(request).wanted)),
  )

  return async (request) => {
    const { wanted, search, order, kept, narrowed } = readQuery(request)
    const at = askedPlace.parse((request.query as { cursor?: unknown }).cursor)
    const page = await listing.page({ ...wanted, cursor: at, limit: PAGE })
    const all = { search, ...kept }
    // A role with a limit sees a part of what is counted, and gets no file.
    const whole = !limited(request)
    const counts = whole ? await listing.counts() : undefined
    const tools: ListTools<Head> = {
      search,
      kept: Object.fromEntries(
        Object.entries(kept).flatMap(([name, value]) => (value ? [[name, value]] : [])),
      ),
      narrowed,
      chips: counts
        ? filters.map(([filter, { label, ...chip }]) =>
            countChip(path, all, { ...chip, label: t(label), count: counts[filter] }),
          )
        : [],
      columns: Object.fromEntries(
        Object.entries<(typeof heads)[Head]>(heads).map(([head, { label, first }]) => [
          head,
          sortLink(path, all, { label: t(label), first, order, usual }),
        ]),
      ) as Record<Head, SortLink>,
      csv:
        whole && page.items.length > 0
          ? { href: withQuery(`${path}/export.csv`, all), label: t(file.label) }
          : undefined,
      ...pageLinks(path, all, at, page.next_cursor),
    }
    return { page, tools }
  }
}
