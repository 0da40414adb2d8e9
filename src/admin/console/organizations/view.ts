import type { ButtonForm } from '../../../http/pages/pages.ts'
import type { Held } from '../access/view.ts'
import type { BulkButton } from '../bulk.ts'
import type { DrawnField } from '../fields.ts'
import type { ConsoleFrame } from '../frame.ts'
import type { ListTools } from '../listed.ts'
import type { PageLinks } from '../page-links.ts'

/** A domain, with what proves that it is the organization's. */
export interface HeldDomain {
  domain: string
  record: { name: string; value: string }
  verified: boolean
  /** In words. */
  detail: string
  /** The record is missing. */
  warning?: string | undefined
  verify: ButtonForm
  /** Its form, and the page that asks first. */
  remove: { action: string; ask: string }
}

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'admin/organizations': ListTools<'name' | 'slug' | 'created'> & {
      frame: ConsoleFrame
      organizations: {
        id: string
        href: string
        name: string
        slug: string
        disabled: boolean
        /** Milliseconds since the epoch. */
        created: number
      }[]
      /** What can be done to several at once. */
      bulk: BulkButton[]
    }
    'admin/organizations-one': {
      frame: ConsoleFrame
      title: string
      facts: [name: string, value: string][]
      /** Each field, for who may not change it. */
      shown: { label: string; value: string }[]
      disabled: boolean
      alert?: string | undefined
      edit: Form & { version: string }
      fields: DrawnField[]
      /** Set on a stale tab: what is stored by now. */
      conflict?: { label: string; value: string }[] | undefined
      /** The parts that are open on a phone too. */
      open: string[]
      members: Held[]
      pager: PageLinks
      addMember: Form
      memberRoles: DrawnField[]
      invitations: Held[]
      invitationPager: PageLinks
      invite: Form
      invitedRoles: DrawnField[]
      domains: HeldDomain[]
      /** Its own sign-in providers; undefined: not for who looks. */
      providers: { href: string; name: string; disabled: boolean; managed: boolean }[] | undefined
      /** Where another is added, for this organization. */
      addProvider: string
      /** It has a provider, and no verified domain. */
      unverified: boolean
      /** It has a verified domain, and no provider that is on. */
      unserved: boolean
      addDomain: Form
      /** Its domains on this page. */
      domainsHref: string
      removeHref: string
      brandHref: string
    }
    'admin/organizations-member': {
      frame: ConsoleFrame
      title: string
      below: { href: string; label: string }[]
      facts: [name: string, value: string][]
      personHref: string
      form: Form
      roles: DrawnField[]
      /** Its form, and the page that asks first. */
      remove: { action: string; ask: string }
      backHref: string
    }
  }
}
