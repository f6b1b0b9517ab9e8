<?php
/**
 * Action Scheduler's functions, kept in one table; the tests run what is due.
 *
 * @package StandIn
 */

defined( 'ABSPATH' ) || exit;

function rig_as_add( $when, $every, $hook, $args, $group, $unique ) {
	global $wpdb;
	if ( ! did_action( 'init' ) && ! doing_action( 'init' ) ) {
		_doing_it_wrong( 'as_schedule', 'Action Scheduler is not there before init', '3.1.6' );
	}
	if ( $unique && as_has_scheduled_action( $hook, null, $group ) ) {
		return 0;
	}
	$wpdb->insert(
		$wpdb->prefix . 'actionscheduler_actions',
		array(
			'hook'     => $hook,
			'status'   => 'pending',
			'due'      => $when,
			'every'    => $every,
			'args'     => wp_json_encode( $args ),
			'in_group' => $group,
		)
	);
	return (int) $wpdb->insert_id;
}

function as_schedule_single_action( $timestamp, $hook, $args = array(), $group = '', $unique = false, $priority = 10 ) {
	return rig_as_add( $timestamp, 0, $hook, $args, $group, $unique );
}
function as_schedule_recurring_action( $timestamp, $interval, $hook, $args = array(), $group = '', $unique = false, $priority = 10 ) {
	return rig_as_add( $timestamp, $interval, $hook, $args, $group, $unique );
}
function as_enqueue_async_action( $hook, $args = array(), $group = '', $unique = false, $priority = 10 ) {
	return rig_as_add( time(), 0, $hook, $args, $group, $unique );
}
function as_next_scheduled_action( $hook, $args = null, $group = '' ) {
	global $wpdb;
	$due = $wpdb->get_var( $wpdb->prepare( "SELECT MIN(due) FROM {$wpdb->prefix}actionscheduler_actions WHERE status = 'pending' AND hook = %s", $hook ) );
	return $due ? (int) $due : false;
}
function as_has_scheduled_action( $hook, $args = null, $group = '' ) {
	return false !== as_next_scheduled_action( $hook, $args, $group );
}
function as_unschedule_all_actions( $hook = '', $args = array(), $group = '' ) {
	global $wpdb;
	$by = $hook ? array( 'hook' => $hook ) : array( 'in_group' => $group );
	$wpdb->update( $wpdb->prefix . 'actionscheduler_actions', array( 'status' => 'canceled' ), $by + array( 'status' => 'pending' ) );
}
function as_unschedule_action( $hook, $args = array(), $group = '' ) {
	as_unschedule_all_actions( $hook, $args, $group );
}

/** For tests: runs what is due. */
function rig_as_run() {
	global $wpdb;
	$table = $wpdb->prefix . 'actionscheduler_actions';
	$due   = $wpdb->get_results( $wpdb->prepare( "SELECT * FROM {$table} WHERE status = 'pending' AND due <= %d ORDER BY action_id", time() ) );
	foreach ( $due as $action ) {
		do_action_ref_array( $action->hook, array_values( (array) json_decode( $action->args, true ) ) );
		$wpdb->update( $table, array( 'status' => 'complete' ), array( 'action_id' => $action->action_id ) );
		if ( $action->every ) {
			rig_as_add( time() + $action->every, $action->every, $action->hook, json_decode( $action->args, true ), $action->in_group, false );
		}
	}
	return count( $due );
}
