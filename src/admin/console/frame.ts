import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Pages } from '../../http/pages/pages.ts'
import { renderView } from '../../http/pages/views.ts'
import type { Authority } from '../../shared/administration/authority.ts'
import { described } from '../../shared/locales/described.ts'
import { t } from '../../shared/locales/texts.ts'
import { addressOf, administratorOf } from './context.ts'
import { isOpen, labelOf, SECTIONS, type Section, sectionLabel } from './sections.ts'

/** What every page of the console shows around its own. */
export interface ConsoleFrame {
  /** What the place is called, the title of its first page. */
  label: string
  groups: { label: string; sections: { label: string; href: string; current: boolean }[] }[]
  /** Whether it has a field for a search: the page of the search has its own. */
  search: boolean
  /** The place that a page is in, on pages below its first. */
  place?: { label: string; href: string } | undefined
  administrator: {
    username: string
    /** What they are, where they are no administrator of everything. */
    role: string | undefined
    /** Whether their role has no limit. */
    everywhere: boolean
  }
  /** What was just done. */
  notice?: string | undefined
}

/** The pages whose data has a frame. */
type ConsolePage = {
  [Name in keyof Pages]: Pages[Name] extends { frame: ConsoleFrame } ? Name : never
}[keyof Pages]

/**
 * Renders a page of the console in its frame.
 * @param options.notice what was just done @param options.status 200 unless given
 */
export function renderConsole<Name extends ConsolePage>(
  request: FastifyRequest,
  reply: FastifyReply,
  section: Section,
  page: Name,
  data: Omit<Pages[Name], 'frame'>,
  options: { notice?: string | undefined; status?: number } = {},
): FastifyReply {
  const { username, role, authority } = administratorOf(request)
  const frame: ConsoleFrame = {
    label: sectionLabel(section),
    groups: groupsOf(section, authority),
    search: section !== 'search',
    place: placeOf(request, section),
    administrator: {
      username,
      role:
        role === 'admin'
          ? undefined
          : t(role === 'auditor' ? 'admin.users.tag.auditor' : 'admin.frame.role.limited'),
      everywhere: authority.scope === undefined,
    },
    notice: options.notice,
  }
  return renderView(reply, page, { ...data, frame }, options.status)
}

/** The navigation, by its groups. */
const groupsOf = (current: Section, authority: Authority): ConsoleFrame['groups'] =>
  [
    ...Map.groupBy(
      SECTIONS.filter((each) => isOpen(authority, each)),
      ({ group }) => group,
    ),
  ].map(([group, sections]) => ({
    label: group && described(`admin.frame.group.${group.toLowerCase()}`, group),
    sections: sections.map((each) => ({
      label: labelOf(each),
      href: each.href,
      current: each.id === current,
    })),
  }))

function placeOf(request: FastifyRequest, section: Section): ConsoleFrame['place'] {
  const place = SECTIONS.find(({ id }) => id === section)
  const [path] = addressOf(request).split('?', 1)
  return place === undefined || place.href === path ? undefined : { label: labelOf(place), href: place.href }
}
