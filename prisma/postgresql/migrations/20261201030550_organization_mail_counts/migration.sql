-- DropIndex
DROP INDEX "organization_invitations_email_sent_at_idx";

-- CreateTable
CREATE TABLE "organization_mail_counts" (
    "key" TEXT NOT NULL,
    "sent" INTEGER NOT NULL,
    "window_ends_at" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "organization_mail_counts_pkey" PRIMARY KEY ("key")
);

-- CreateIndex
CREATE INDEX "organization_mail_counts_window_ends_at_idx" ON "organization_mail_counts"("window_ends_at");
