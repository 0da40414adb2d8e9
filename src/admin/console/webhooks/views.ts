import { described } from '../../../shared/locales/described.ts'
import { t } from '../../../shared/locales/texts.ts'
import { minuteOf } from '../../../shared/moment.ts'
import type { Webhook } from '../../../webhooks/webhook.ts'
import type { WebhookDelivery } from '../../../webhooks/webhooks.ts'
import type { ConsoleFrame } from '../frame.ts'

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'admin/webhooks': {
      frame: ConsoleFrame
      webhooks: { href: string; url: string; description: string; events: string; state: string }[]
      form: Form
      families: EventFamily[]
    }
    'admin/webhooks-one': {
      frame: ConsoleFrame
      base: string
      url: string
      version: number
      edit: Form
      families: EventFamily[]
      /** Why it is sent nothing. */
      disabled?: string | undefined
      failingSince?: string | undefined
      formerUntil?: string | undefined
      /** Shown this once. */
      secret?: string | undefined
      /** Set on a stale tab: what is stored by now. */
      conflict?: { url: string; events: string; description: string } | undefined
      deliveries: ShownDelivery[]
      first?: string | undefined
      next?: string | undefined
    }
  }
}

/** Types of events that begin with the same word. */
export interface EventFamily {
  pattern: string
  types: string[]
}

/** Types by family, both in alphabetical order. */
export const familiesOf = (types: readonly string[]): EventFamily[] =>
  [...Map.groupBy(types.toSorted(), (type) => type.split('.', 1)[0])].map(([family, members]) => ({
    pattern: `${family}.*`,
    types: members,
  }))

interface ShownDelivery {
  id: string
  type: string
  event: string
  /** Milliseconds since the epoch. */
  created: number
  status: string
  answer: string
  tries: number
  /** Nobody is trying it now. */
  replayable: boolean
}

export const stateOf = ({ disabled, failingSince }: Webhook): string => {
  if (disabled)
    return t(
      disabled.reason === 'failing'
        ? 'admin.webhooks.state.disabled.failing'
        : 'admin.webhooks.state.disabled',
    )
  return failingSince === undefined
    ? t('admin.webhooks.state.active')
    : t('admin.webhooks.state.failing', { time: minuteOf(failingSince) })
}

export const disabledWords = ({ disabled }: Webhook): string | undefined => {
  if (disabled === undefined) return undefined
  const time = minuteOf(disabled.at)
  return disabled.reason === 'failing'
    ? t('admin.webhooks.disabled.failing', { time })
    : t('admin.webhooks.disabled.administrator', { time })
}

/** Why there is no answer; undefined: it was not asked for one yet. */
const reasonWords = ({ answer, reason }: WebhookDelivery): string | undefined => {
  if (reason === undefined) return answer?.error
  const words = described(`admin.webhooks.answer.${reason.name}`, reason.words)
  return reason.code === undefined ? words : `${words} (${reason.code})`
}

export const shownDelivery = (delivery: WebhookDelivery): ShownDelivery => {
  const { answer, nextTry, status } = delivery
  const waits = status === 'waiting' && nextTry !== undefined && delivery.tries > 0
  return {
    id: delivery.id,
    type: delivery.type,
    event: delivery.event,
    created: delivery.createdAt,
    status:
      status === 'waiting'
        ? waits
          ? t('admin.webhooks.delivery.next', { time: minuteOf(nextTry) })
          : t('admin.webhooks.delivery.sending')
        : t(`admin.webhooks.delivery.${status}`),
    answer:
      answer?.status === undefined
        ? (reasonWords(delivery) ?? t('admin.webhooks.delivery.unanswered'))
        : `HTTP ${answer.status}`,
    tries: delivery.tries,
    replayable: status !== 'waiting' || waits,
  }
}
