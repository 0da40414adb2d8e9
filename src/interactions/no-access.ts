import type { FastifyReply } from 'fastify'
import { renderPage } from '../http/pages/views.ts'
import type { InteractionDetails } from '../oidc/authorization/interaction.ts'
import { accountShown, type ConsentPage } from './consent.ts'
import type { InteractionDependencies } from './dependencies.ts'

declare module '../http/pages/pages.ts' {
  interface Pages {
    /** The app is not for this person. */
    'interaction/no-access': Pick<ConsentPage, 'client' | 'account' | 'switchAccount'> & {
      /** Whom to ask; undefined: an administrator. `href`: where it is an address. */
      contact?: { text: string; href?: string } | undefined
      back: ButtonForm
      /** This page: who has been let in since goes on. */
      again: string
      /** A device asked. */
      device: boolean
    }
  }
}

/** An address, of whatever kind, at the end. */
const COPIED = /(^|\s)([a-z][a-z\d+.-]*:\S+|[^\s@]+@[^\s@]+)$/i

/** A telephone number, at the end. */
const DIALLED = /(^|\s)\+?\(?\d[\d\s()/-]{4,}$/

/** Chinese and Japanese, at the end: their full stop is another. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]\P{L}*$/u

/** Whom to ask, as an owner has set it: an email address and a web address can be followed. */
export function contactOf(setting: string): { text: string; href?: string } | undefined {
  if (setting === '') return undefined
  if (/^[^\s@]+@[^\s@]+$/.test(setting)) return { text: setting, href: `mailto:${encodeURI(setting)}` }
  const url = URL.parse(setting)
  if (url?.protocol === 'https:') return { text: setting, href: url.href }
  // Words of a language with full stops stand before another sentence; what is copied or dialled gets none.
  const whole = COPIED.test(setting) || DIALLED.test(setting) || UNSPACED.test(setting)
  return { text: whole || /\p{Sentence_Terminal}$/u.test(setting) ? setting : `${setting}.` }
}

/** Says that the app is not for the person who is signed in, and whom to ask. */
export async function showNoAccess(
  reply: FastifyReply,
  deps: Pick<InteractionDependencies, 'findAccount' | 'accessContact'>,
  details: InteractionDetails,
  accountId: string,
): Promise<FastifyReply> {
  const { uid, client, device } = details
  return renderPage(
    reply,
    'interaction/no-access',
    {
      client,
      ...(await accountShown(deps, details, accountId)),
      contact: contactOf(deps.accessContact),
      back: { action: `/interaction/${uid}/cancel` },
      again: `/interaction/${uid}`,
      device: device !== undefined,
    },
    403,
  )
}
