//! Every word and fixed sentence of the screens.

/// The short word of the footer and the sentence of the help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    /// For the footer.
    pub short: &'static str,
    /// For the help.
    pub long: &'static str,
}

/// Declares a struct of strings: a language that lacks one does not compile.
macro_rules! strings {
    ($(#[$doc:meta])* $name:ident { $($field:ident,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub(crate) struct $name {
            $(pub(crate) $field: &'static str,)*
        }
    };
}

/// The strings of a language.
#[derive(Debug, Clone, Copy)]
pub struct Words {
    pub(crate) header: HeaderWords,
    pub(crate) balances: BalancesWords,
    pub(crate) coverage: CoverageWords,
    pub(crate) feed: FeedWords,
    pub(crate) detail: DetailWords,
    pub(crate) events: EventsWords,
    pub(crate) notices: NoticesWords,
    pub(crate) alarms: AlarmsWords,
    pub(crate) cash_out: CashOutWords,
    pub(crate) rebalance: RebalanceWords,
    pub(crate) resolve: ResolveWords,
    pub(crate) cash_in: CashInWords,
    pub(crate) refund: RefundWords,
    pub(crate) ask: AskWords,
    pub(crate) sources: SourcesWords,
    pub(crate) gaps: GapsWords,
    pub(crate) flash: FlashWords,
    pub(crate) places: PlacesWords,
    pub(crate) keys: KeysWords,
    pub(crate) errors: ErrorsWords,
    pub(crate) actions: ActionWords,
}

strings! {
    /// The line at the top.
    HeaderWords {
        production,
        staging,
        sandbox,
        demo,
        demo_short,
        balance,
        webhooks,
        payments,
        ok,
        failed,
        paused,
        off,
        listening,
        forged,
        waiting,
        stale,
    }
}

strings! {
    /// The wallet.
    BalancesWords {
        title,
        total,
        transactional,
        proprietary,
        transactional_short,
        proprietary_short,
        partners,
        unnamed,
        not_given,
        none_yet,
        in_flight,
        in_doubt,
        today,
        received,
        paid,
        unseen,
        hour,
        day,
        received_short,
        paid_short,
        standing_still,
    }
}

strings! {
    /// The band.
    CoverageWords {
        title,
        floor,
        target,
        ceiling,
        below,
        within,
        above,
        no_band,
        unknown,
        outflow,
        inflow,
        exposure,
        cover,
        shortfall,
        exposure_unknown,
    }
}

strings! {
    /// The transactions.
    FeedWords {
        title,
        all,
        incoming,
        outgoing,
        open,
        failed,
        held,
        search,
        jump,
        empty,
        empty_filter,
        loading,
        time,
        direction,
        amount,
        state,
        name,
        reference,
        incoming_one,
        outgoing_one,
        conflict,
        confirming,
        confirming_short,
        confirming_shortest,
        refunded,
        no_amount,
    }
}

strings! {
    /// The life of a row.
    DetailWords {
        title,
        loading,
        gone,
        transaction,
        state,
        meaning,
        conflict,
        failure_reported,
        refunded,
        failure,
        amount,
        payee,
        payee_document,
        payer,
        payer_document,
        reference,
        internal_code,
        transaction_id,
        saldo_id,
        origin,
        ours,
        not_ours,
        happened,
        learned,
        updated,
        order,
        key,
        account,
        name_typed,
        document_typed,
        description,
        reason,
        frozen,
        frozen_meaning,
        stale,
        next,
        next_paused,
        unknown_institution,
        e2e_institution,
        e2e_minute,
        settled_to,
        settled_elsewhere,
        institution,
        branch,
        attempts,
        on_the_wire,
        idempotency_key,
        timeline,
        webhook,
    }
}

strings! {
    /// What happened to a payment.
    EventsWords {
        attempt_started,
        looked_in_vain,
        window_closed,
        put_on_hold,
        round_started,
        proposed,
        as_draft,
        submitted,
        approved,
        called_off,
        expired,
        went_stale,
        adopted,
        declared,
    }
}

strings! {
    /// What a person has to be told.
    NoticesWords {
        title,
        none,
        none_new,
        paused,
        journal,
        still_held,
        rebalance_doubt,
        below_floor,
        above_ceiling,
        webhooks,
        balance_unread,
        ended,
        not_decided,
        recorded,
        not_recorded,
        busy,
        before,
        expected,
        read_after,
        now,
        not_read,
        target,
        illegible,
        forward_stands,
        not_made,
    }
}

strings! {
    /// What must not pass unseen.
    AlarmsWords {
        completed_after_failure,
        mismatch,
        contradiction,
        reference_taken,
        illegible,
        held,
        stale,
        overtaken,
    }
}

strings! {
    /// The cash-out form.
    CashOutWords {
        title,
        review_title,
        sent_title,
        amount,
        way,
        by_key,
        by_account,
        key,
        key_type,
        choose_type,
        ispb,
        branch,
        account,
        name,
        document,
        reference,
        own_reference,
        description,
        description_hint,
        reason,
        reason_hint,
        turn_hint,
        arrows_hint,
        arrows_only,
        br_code,
        dynamic,
        unverified,
        made_by_saldo,
        after,
        before,
        below_floor,
        over_balance,
        no_balance,
        stale_balance,
        paused,
        retype,
        retype_first,
        other_amount,
        expired,
        waiting,
        created,
        existing,
        taken,
        not_journalled,
        busy,
        text_kept,
        following,
        other_payment,
    }
}

strings! {
    /// The rebalance form.
    RebalanceWords {
        title,
        review_title,
        target,
        reason,
        top_up,
        sweep,
        moves,
        consolidated,
        below_floor,
        below_exposure,
        preview,
        asking,
        retype,
        retype_first,
        other_target,
        moved,
        sent,
        completed,
        rejected,
        unknown,
        acknowledged,
        gateway_says,
    }
}

strings! {
    /// What a person says of a payment in doubt, or of one that was not sent.
    ResolveWords {
        title,
        review_title,
        choice,
        found,
        not_paid,
        call_off,
        code,
        code_hint,
        reason,
        reason_hint,
        call_off_hint,
        statement,
        statement_hint,
        more_facts,
        idempotency_key,
        only_request,
        first_request,
        last_request,
        came_to,
        window_end,
        window_over,
        prepared,
        by,
        found_note,
        call_off_note,
        counts_once,
        on_the_wire,
        same_person,
        changed,
        sibling,
        moved_on,
        first_of_two,
        one_more,
        last_of_two,
        expired,
        asking,
        recording,
        recorded,
        not_recorded,
        busy,
        working,
        not_asked,
    }
}

strings! {
    /// The cash-in form, and the charge.
    CashInWords {
        title,
        review_title,
        sent_title,
        amount,
        name,
        document,
        reference,
        own_reference,
        expires,
        expires_hint,
        open_finance,
        open_finance_hint,
        open_finance_back,
        paid_by,
        moves_nothing,
        waiting,
        made,
        existing,
        taken,
        not_made,
        busy,
        text_kept,
        until,
        copy_and_paste,
        payment_url,
        copies,
        too_small,
        no_code,
    }
}

strings! {
    /// Giving a cash-in back.
    RefundWords {
        title,
        review_title,
        amount,
        payer,
        in_full,
        reason,
        choose,
        choose_first,
        description,
        description_hint,
        other_amount,
        taken,
        heading,
        ordered_by,
        charge_heading,
    }
}

strings! {
    /// Questions that the confirming key answers.
    AskWords {
        title,
        resume,
        acknowledge,
        to_confirm,
        otherwise,
    }
}

strings! {
    /// Where the figures come from.
    SourcesWords {
        title,
        taken,
        forged,
        illegible,
        last,
        polls,
        lag,
        repeats,
        out_of_order,
        asked_first,
        nothing_waits,
    }
}

strings! {
    /// Gaps of the wallet, and what is acknowledged.
    GapsWords {
        title,
        none,
        looking,
        note,
        seen,
        not_seen,
        already_seen,
        note_wanted,
        no_suspects,
    }
}

strings! {
    /// A word about the last key.
    FlashWords {
        copied,
        taken_up,
        nothing,
        nothing_to_resolve,
        polling,
        no_notices,
        not_paused,
        nothing_to_refund,
    }
}

strings! {
    /// The headings of the help.
    PlacesWords {
        home,
        search,
        past,
        detail,
        notices,
        help,
        palette,
        paste,
        form,
        review,
        outcome,
        everywhere,
        too_small_for_money,
    }
}

strings! {
    /// Names of keys that differ by language.
    KeysWords {
        page_down,
        page_up,
    }
}

strings! {
    /// Parts of what is wrong with a form.
    ErrorsWords {
        missing,
    }
}

/// What keys do.
#[derive(Debug, Clone, Copy)]
pub struct ActionWords {
    pub(crate) down: Term,
    pub(crate) up: Term,
    pub(crate) page_down: Term,
    pub(crate) page_up: Term,
    pub(crate) top: Term,
    pub(crate) bottom: Term,
    pub(crate) open: Term,
    pub(crate) search: Term,
    pub(crate) filter: Term,
    pub(crate) jump: Term,
    pub(crate) time_machine: Term,
    pub(crate) earlier: Term,
    pub(crate) later: Term,
    pub(crate) much_earlier: Term,
    pub(crate) much_later: Term,
    pub(crate) hour_earlier: Term,
    pub(crate) hour_later: Term,
    pub(crate) next_change: Term,
    pub(crate) previous_change: Term,
    pub(crate) take_up: Term,
    pub(crate) resolve: Term,
    pub(crate) copy: Term,
    pub(crate) poll: Term,
    pub(crate) next_pane: Term,
    pub(crate) previous_pane: Term,
    pub(crate) notices: Term,
    pub(crate) acknowledge: Term,
    pub(crate) cash_out: Term,
    pub(crate) rebalance: Term,
    pub(crate) resume: Term,
    pub(crate) next_field: Term,
    pub(crate) previous_field: Term,
    pub(crate) review: Term,
    pub(crate) clear_form: Term,
    pub(crate) confirm: Term,
    pub(crate) accept: Term,
    pub(crate) close: Term,
    pub(crate) utc: Term,
    pub(crate) language: Term,
    pub(crate) palette: Term,
    pub(crate) private: Term,
    pub(crate) mouse: Term,
    pub(crate) help: Term,
    pub(crate) repaint: Term,
    pub(crate) suspend: Term,
    pub(crate) quit: Term,
    pub(crate) cash_in: Term,
    pub(crate) batch: Term,
    pub(crate) batch_unpaid: Term,
    pub(crate) batch_result: Term,
    pub(crate) batch_resume: Term,
    pub(crate) refund: Term,
    pub(crate) gaps: Term,
    pub(crate) handover: Term,
    pub(crate) hand_over: Term,
    pub(crate) accept_shift: Term,
    pub(crate) favour: Term,
}
