/** A group as administrators see it. */
import type { Content } from '../fields/field.ts'
import type { GroupField } from '../fields/table.ts'

/** What a group is described with (../fields/table.ts). */
export type GroupContent = Content<GroupField>

/** People that belong together. */
export interface Group extends GroupContent {
  id: string
  /** Milliseconds since the epoch. */
  createdAt: number
  /** Raised by each change. */
  version: number
}

/** A person in a group. */
export interface GroupMember {
  accountId: string
  username: string
  email: string | null
  /** May add and remove members. */
  manager: boolean
  /** Administers this server, or may look at how it is administered. */
  administrator: boolean
  /** `provider:` and its ID, where a provider gave it; empty: a person did. */
  source: string
  /** Milliseconds since the epoch. */
  createdAt: number
}
